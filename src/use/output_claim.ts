import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { exists, followLinks, removeRemainsOf } from "../files/atomic.ts";
import { LocalFile } from "../files/bytes.ts";
import type { DictionaryModel } from "../model/model.ts";
import { readFooter } from "../parquet/read/footer.ts";
import type { RowFile, RowSource } from "../rows/source.ts";
import { fingerprint } from "./codes_metadata.ts";
import { lockOutput } from "./lock.ts";
import { readText } from "../files/text.ts";

/** What made an output: it stands in the output itself, and may be made again in its place. */
export interface OutputOrigin {
  /** The command, with the format where it has several. */
  command: string;
  /** SHA-256 of the dictionary and mean. */
  dictionary: string;
  /** SHA-256 of the inputs' names, rows and sizes, and of how rows were chosen and changed, where they were. */
  inputs: string;
  /** Which of the outputs that the command makes of them, where it makes several. */
  variant?: string;
}

/** In a directory of another tool's layout, the file that says what made it. */
export const OUTPUT_RECORD = "dbksvd.json";

/** What made such a directory; undefined where nothing tells. */
export async function originIn(
  directory: string,
): Promise<Partial<OutputOrigin> | undefined> {
  try {
    return JSON.parse(await readText(join(directory, OUTPUT_RECORD))).origin;
  } catch {
    return undefined;
  }
}

/** Inputs, and which of their rows were read how. */
export type ReadInputs =
  & Pick<RowSource, "files">
  & Partial<Pick<RowSource, "column" | "reading" | "rowCount">>;

// Rows of the same files that were chosen or changed otherwise, as those of another column, are other inputs; undefined
// where all are as they are.
function readOtherwise(
  files: readonly RowFile[],
  { column, reading, rowCount }: Omit<ReadInputs, "files">,
): unknown {
  const all = files.reduce((sum, { rows }) => sum + rows, 0);
  // Where there are rows to be skipped, there is no output without it.
  const { skipInvalid: _, ...chosen } = reading ?? {};
  const read = {
    column,
    ...chosen,
    ...rowCount !== undefined && rowCount < all && { maxRows: rowCount },
  };
  // A filter of the library's may hold whole numbers of 64 bits.
  const text = JSON.stringify(
    read,
    (_, value) => typeof value === "bigint" ? `${value}` : value,
  );
  return text === "{}" ? undefined : text;
}

/** An output that this run alone may write. */
export interface OutputClaim {
  /** Where it lies, links followed. */
  path: string;
  /** Lets go of it. */
  release(): Promise<void>;
}

/** How an output is claimed. */
export interface ClaimOptions {
  /** Replace whatever is there. */
  overwrite?: boolean | undefined;
  /** A directory is made with those that it lies in; a file's has to be there. */
  isDirectory?: boolean;
  /** Reads what made the output that is there; undefined where it does not tell. */
  read(path: string): Promise<Partial<OutputOrigin> | undefined>;
  /** Called where the file system has no locks, and where a run before left its lock. */
  onNotice?: ((notice: string) => void) | undefined;
}

const FOOTER_BYTES = 64 * 2 ** 20;
const HEAD_BYTES = 65536;

/**
 * What makes an output of a model and inputs.
 *
 * @param variant tells it from others that the command makes of them, in words that go on after "an output"
 */
export async function originOf(
  command: string,
  model: DictionaryModel,
  inputs: readonly RowFile[] | ReadInputs,
  variant?: string,
): Promise<OutputOrigin> {
  const { files, ...read } = "files" in inputs ? inputs : { files: inputs };
  const list: unknown[] = files.map((
    { path, rows, bytes },
  ) => [path, rows, bytes]);
  const otherwise = readOtherwise(files, read);
  if (otherwise !== undefined) list.push(otherwise);
  return {
    command,
    dictionary: await fingerprint(model),
    inputs: createHash("sha256").update(JSON.stringify(list)).digest("hex"),
    ...variant !== undefined && { variant },
  };
}

/**
 * Claims an output file or directory for this run: links are followed, other runs kept out, what a killed run left
 * beside it is taken away. What is there may be replaced where the same command made it of the same model and inputs.
 *
 * @param out the output, as the user named it
 * @param origin what is about to make it
 * @param options whether anything may be replaced, and how its origin is read
 * @throws {DbksvdError} `usage` where something else is there, or another run writes it
 */
export async function claimOutput(
  out: string,
  origin: OutputOrigin,
  options: ClaimOptions,
): Promise<OutputClaim> {
  const path = await followLinks(out);
  if (!options.isDirectory && !await exists(dirname(path))) {
    throw new DbksvdError("run", "Cannot write: there is no such directory", {
      where: { file: out },
      mend: "make it, or name another --out",
    });
  }
  const lock = await lockOutput(path, options.onNotice);
  try {
    await removeRemainsOf(path);
    if (!options.overwrite && await isTaken(path)) {
      requireSame(await options.read(path), origin, out);
    }
    return { path, release: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

// An empty directory is as good as none.
async function isTaken(path: string): Promise<boolean> {
  if (!await exists(path)) return false;
  if (!(await Deno.stat(path)).isDirectory) return true;
  for await (const _ of Deno.readDir(path)) return true;
  return false;
}

function requireSame(
  found: Partial<OutputOrigin> | undefined,
  origin: OutputOrigin,
  out: string,
): void {
  const what = found?.command === undefined
    ? "something else"
    : found.command !== origin.command
    ? `an output of ${found.command}`
    : found.dictionary !== origin.dictionary
    ? "an output of another model"
    : found.inputs !== origin.inputs
    ? "an output of other inputs"
    : found.variant !== origin.variant
    ? `an output ${found.variant ?? "of other options"}`
    : undefined;
  if (what === undefined) return;
  throw new DbksvdError("usage", `The output's place holds ${what}`, {
    where: { file: out },
    mend: "name another output, or replace it with --overwrite",
  });
}

/** What made a Parquet file, as its footer has it under the key `dbksvd`. */
export async function parquetOrigin(
  path: string,
): Promise<Partial<OutputOrigin> | undefined> {
  try {
    const file = new LocalFile(path);
    try {
      const { metadata } = await readFooter(file, FOOTER_BYTES);
      const text = metadata.key_value_metadata
        ?.find(({ key }) => key === "dbksvd")?.value;
      return text === undefined ? undefined : JSON.parse(text);
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
}

/** What made an export, as its configuration has it. */
export async function exportOrigin(
  directory: string,
): Promise<Partial<OutputOrigin> | undefined> {
  for (const name of ["cfg.json", "config.json"]) {
    try {
      const text = await readText(join(directory, name));
      return originOfConfig(JSON.parse(text));
    } catch {
      continue;
    }
  }
  return undefined;
}

/** What made an export, by its configuration; undefined where that does not tell. */
export function originOfConfig(
  // deno-lint-ignore no-explicit-any -- whatever stood in a file
  config: any,
): Partial<OutputOrigin> | undefined {
  return config?.metadata?.dbksvd?.origin;
}

/** What made a page, as {@linkcode withOrigin} put it there. */
export async function pageOrigin(
  path: string,
): Promise<Partial<OutputOrigin> | undefined> {
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(HEAD_BYTES);
    const count = await file.read(head) ?? 0;
    const text = new TextDecoder().decode(head.subarray(0, count));
    const encoded = /<meta name="dbksvd" content="([^"]*)">/.exec(text)?.[1];
    return encoded && JSON.parse(decodeURIComponent(encoded));
  } catch {
    return undefined;
  }
}

/** A page that tells what made it. */
export function withOrigin(html: string, origin: OutputOrigin): string {
  const content = encodeURIComponent(JSON.stringify(origin));
  const tag = `<meta name="dbksvd" content="${content}">`;
  return html.replace(
    /<meta charset="utf-8">\n/,
    (charset) => `${charset}${tag}\n`,
  );
}
