import { DbksvdError } from "../errors.ts";
import { hubEndpoint, variable } from "./place.ts";

interface HeaderLine {
  /** The origin that it is for, where the line names one. */
  origin?: string | undefined;
  name: string;
  value: string;
}

/**
 * The headers that `DBKSVD_HTTP_HEADERS` gives to inputs: a header a line, `https://host Name: value` for one host, or
 * `Name: value` for the only host among the inputs. Nothing but inputs is ever sent them.
 */
export class InputHeaders {
  readonly #lines: readonly HeaderLine[];

  private constructor(lines: readonly HeaderLine[]) {
    this.#lines = lines;
  }

  /**
   * Binds the variable's lines to the inputs' hosts.
   *
   * @param inputs every input of the command, whatever it is
   * @param text the variable's value
   * @throws {DbksvdError} `usage` where a line cannot be read, or names no host and there are several
   */
  static of(
    inputs: readonly string[],
    text = variable("DBKSVD_HTTP_HEADERS") ?? "",
  ): InputHeaders {
    const lines = text.split("\n").filter((line) => line.trim() !== "")
      .map(parseLine);
    const hosts = [...new Set(inputs.flatMap(originsOf))];
    const unbound = lines.find(({ origin }) => origin === undefined);
    if (unbound !== undefined && hosts.length > 1) {
      throw new DbksvdError(
        "usage",
        `DBKSVD_HTTP_HEADERS gives ${unbound.name} to no host, and the inputs have ${hosts.length}`,
        {
          mend: `write the line as "${
            hosts[0]
          } ${unbound.name}: …", one for each host that is to have it`,
        },
      );
    }
    return new InputHeaders(
      lines.map((line) => ({ ...line, origin: line.origin ?? hosts[0] })),
    );
  }

  /** The headers for a URL. */
  for(url: URL): Record<string, string> {
    return Object.fromEntries(
      this.#lines.filter(({ origin }) => origin === url.origin)
        .map(({ name, value }) => [name, value]),
    );
  }
}

function originsOf(input: string): string[] {
  if (input.startsWith("hf://")) return [new URL(hubEndpoint()).origin];
  if (!/^https?:\/\//i.test(input)) return [];
  return URL.canParse(input) ? [new URL(input).origin] : [];
}

function parseLine(line: string, index: number): HeaderLine {
  const match = /^\s*(?:(https?:\/\/\S+)\s+)?([!#$%&'*+.^_`|~\w-]+):(.*)$/i
    .exec(line);
  const bound = match?.[1];
  if (match === null || (bound !== undefined && !URL.canParse(bound))) {
    throw new DbksvdError(
      "usage",
      `Line ${index + 1} of DBKSVD_HTTP_HEADERS is no header`,
      { mend: "write each line as https://host Name: value" },
    );
  }
  return {
    origin: bound && new URL(bound).origin,
    name: match[2].toLowerCase(),
    value: match[3].trim(),
  };
}
