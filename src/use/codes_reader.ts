import { join } from "node:path";
import type { FileMetaData } from "hyparquet";
import { DbksvdError } from "../errors.ts";
import { LocalFile } from "../files/bytes.ts";
import { type Leaf, vectorLeaves } from "../parquet/read/columns.ts";
import { readFooter } from "../parquet/read/footer.ts";
import type { CodesDescription } from "./codes_metadata.ts";
import { rowsAtOnce } from "../coding/spec.ts";
import { packRecords, type Records, type StoredCodes } from "./code_records.ts";
import { ColumnCursor } from "../parquet/write/cursor.ts";

/** Bytes that a footer may take. */
const FOOTER_BYTES = 2 ** 28;
/** A name that `encode --mpi` gives. */
const PART = /part-\d{5}-of-\d{5}\.parquet$/;

/** A file of codes, opened. */
export interface CodesReader {
  rows: number;
  /** Size of the file, or of all parts. */
  bytes: number;
  /** What the file says of its dictionary, if anything. */
  description?: Partial<CodesDescription> | undefined;
  /** Reads all codes in order, batch by batch. */
  batches(signal?: AbortSignal | undefined): AsyncGenerator<StoredCodes>;
  close(): void;
}

/**
 * Opens a Parquet file of codes, as `encode` writes it or any other tool with columns `indices` and `values` (or
 * `codes`, dense).
 *
 * @param path the file, or a directory of the parts that several processes wrote
 * @param dictionary how many atoms there are (no index may be beyond), and how wide the rows are
 * @throws {DbksvdError} `data` where the file is no such thing
 */
export async function openCodes(
  path: string,
  dictionary: { atoms: number; width: number },
): Promise<CodesReader> {
  const parts = await partsIn(path);
  if (parts === undefined) return await openCodesFile(path, dictionary);
  const readers: CodesReader[] = [];
  const close = () => readers.forEach((reader) => reader.close());
  try {
    for (const part of parts) {
      readers.push(await openCodesFile(part, dictionary));
      requireOfOne(readers[0], readers.at(-1)!, part);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    rows: readers.reduce((sum, { rows }) => sum + rows, 0),
    bytes: readers.reduce((sum, { bytes }) => sum + bytes, 0),
    description: descriptionOfAll(readers),
    async *batches(signal) {
      for (const reader of readers) yield* reader.batches(signal);
    },
    close,
  };
}

// The files of a directory in order of their names; undefined where the path is no directory.
async function partsIn(path: string): Promise<string[] | undefined> {
  const found = await Deno.stat(path).catch(() => undefined);
  if (!found?.isDirectory) return undefined;
  const entries = await Array.fromAsync(Deno.readDir(path));
  const names = entries.map(({ name }) => name)
    .filter((name) => name.endsWith(".parquet")).sort();
  const [, parts] = /-of-(\d+)\.parquet$/.exec(names[0] ?? "") ?? [];
  if (names.length === 0 || Number(parts ?? names.length) !== names.length) {
    throw new DbksvdError(
      "data",
      names.length === 0
        ? "The directory holds no codes"
        : `${names.length} of ${Number(parts)} parts of the codes are there`,
      { where: { file: path }, mend: "encode into it, all of it" },
    );
  }
  return names.map((name) => join(path, name));
}

// The first one's, which is that of all but for the files that the rows are of.
function descriptionOfAll(
  [{ description }, ...others]: readonly CodesReader[],
): CodesReader["description"] {
  const { files, ...shared } = description ?? {};
  const isOfAll = others.every(({ description: other }) =>
    other?.files === files
  );
  return isOfAll ? description : shared;
}

// As when an encoding by another model, or of other rows, was killed before all parts were replaced. Files that
// somebody put together are each of other rows.
function requireOfOne(first: CodesReader, part: CodesReader, path: string) {
  const isPart = PART.test(path);
  const own = isPart ? ["inputs"] : [];
  const names = ["dictionary", ...own, "by", "coder", "unitNorm"];
  for (const name of names as (keyof CodesDescription)[]) {
    const [one, other] = [first, part].map(({ description }) =>
      JSON.stringify(description?.[name])
    );
    if (one === other) continue;
    throw new DbksvdError(
      "data",
      `The codes differ from the first part's in "${name}"`,
      { where: { file: path }, mend: "encode into the directory again" },
    );
  }
}

async function openCodesFile(
  path: string,
  { atoms, width }: { atoms: number; width: number },
): Promise<CodesReader> {
  const file = new LocalFile(path);
  try {
    const { metadata } = await readFooter(file, FOOTER_BYTES);
    const columns = usableColumns(metadata, path);
    return {
      rows: Number(metadata.num_rows),
      bytes: (await Deno.stat(path)).size,
      description: descriptionOf(metadata),
      batches: (signal) =>
        readBatches(file, metadata, columns, { atoms, width, signal }),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

// The columns to read, by name: codes in either form, and where the rows are from.
function usableColumns(
  metadata: FileMetaData,
  path: string,
): Map<string, Leaf> {
  const leaves = leavesOf(metadata, path);
  const columns = new Map<string, Leaf>();
  const find = (name: string, layout: Leaf["layout"]) => {
    const leaf = leaves.find((leaf) =>
      leaf.path[0] === name && leaf.layout === layout
    );
    if (leaf !== undefined) columns.set(name, leaf);
    return leaf !== undefined;
  };
  const found = find("codes", "list") ||
    find("indices", "list") && find("values", "list");
  if (!found) {
    throw new DbksvdError("data", "Not a file of codes", {
      where: { file: path },
      mend: 'it has to hold lists "indices" and "values", or "codes"',
    });
  }
  find("row", "scalar");
  find("item", "scalar");
  find("residual", "scalar");
  return columns;
}

function leavesOf(metadata: FileMetaData, path: string): Leaf[] {
  try {
    return vectorLeaves(metadata);
  } catch (cause) {
    throw corrupt(path, cause);
  }
}

function descriptionOf(
  metadata: FileMetaData,
): Partial<CodesDescription> | undefined {
  const text = metadata.key_value_metadata
    ?.find(({ key }) => key === "dbksvd")?.value;
  if (text === undefined) return undefined;
  try {
    const parsed = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

async function* readBatches(
  file: LocalFile,
  metadata: FileMetaData,
  columns: Map<string, Leaf>,
  options: { atoms: number; width: number; signal?: AbortSignal | undefined },
): AsyncGenerator<StoredCodes> {
  const { atoms, width, signal } = options;
  const step = rowsAtOnce(width, 1);
  const cursors = [...columns].map(([name, leaf]) =>
    [name, new ColumnCursor(file, metadata, leaf)] as const
  );
  const total = Number(metadata.num_rows);
  for (let start = 0; start < total; start += step) {
    signal?.throwIfAborted();
    const rows = Math.min(step, total - start);
    const records = await readRecords(file.path, cursors, rows);
    yield packRecords(records, start, atoms, file.path);
  }
}

async function readRecords(
  path: string,
  cursors: (readonly [string, ColumnCursor])[],
  rows: number,
): Promise<Records> {
  try {
    const records: Records = [];
    for (const [name, cursor] of cursors) {
      const values = await cursor.take(rows);
      values.forEach((value, i) => (records[i] ??= {})[name] = value);
    }
    return records;
  } catch (cause) {
    if (cause instanceof DbksvdError) throw cause;
    throw corrupt(path, cause);
  }
}

function corrupt(path: string, cause: unknown): DbksvdError {
  return new DbksvdError("data", "The file of codes is corrupt", {
    where: { file: path },
    mend: "encode the rows again",
    cause,
  });
}
