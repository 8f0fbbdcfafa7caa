import { isAbsolute, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { STANDARD_INPUT } from "../rows/standard_input.ts";
import { containedPath, fixedFolder, isUrl } from "./paths.ts";

/** An input: a file, folder, glob or URL, or a text file that lists such; `optional` where there may be nothing. */
export type PipelineInput =
  | string
  | { input: string; optional?: boolean }
  | { list: string; optional?: boolean };

/** One input pattern with its paths made absolute. */
export interface InputPattern {
  kind: "path" | "url" | "list";
  /** Absolute path, glob or URL. */
  pattern: string;
  /** The folder that what it matches may not leave. */
  folder: string;
  /** Whether it is well that nothing is there. */
  optional: boolean;
}

/** Patterns of the inputs that a field of the configuration lists, checked. */
export async function inputPatterns(
  base: string,
  inputs: readonly PipelineInput[],
  field: string,
): Promise<InputPattern[]> {
  const found: InputPattern[] = [];
  for (const [i, input] of inputs.entries()) {
    const at = `${field}/${i}`;
    if (typeof input === "string") {
      found.push(await inputPattern(base, input, at));
      continue;
    }
    const { optional = false } = input;
    const pattern = "list" in input
      ? await listPattern(base, input.list, at)
      : await inputPattern(base, input.input, at);
    found.push({ ...pattern, optional });
  }
  return found;
}

/** An input pattern of `base`, checked; `field` is its JSON path, for errors. */
export async function inputPattern(
  base: string,
  text: string,
  field: string,
): Promise<InputPattern> {
  const optional = false;
  if (text === STANDARD_INPUT) {
    throw new DbksvdError("usage", "A pipeline cannot read standard input", {
      where: { file: field },
      mend: "write the rows to files and name those",
    });
  }
  if (isUrl(text)) return { kind: "url", pattern: text, folder: "", optional };
  const folder = await containedPath(base, fixedFolder(text), field);
  const pattern = isAbsolute(text) ? text : join(base, text);
  return { kind: "path", pattern, folder, optional };
}

async function listPattern(
  base: string,
  list: string,
  field: string,
): Promise<InputPattern> {
  const pattern = await containedPath(base, list, `${field}/list`);
  return { kind: "list", pattern, folder: base, optional: false };
}
