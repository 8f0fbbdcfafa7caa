import { type Compressors, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { openRows } from "../../../src/rows/open.ts";
import type { OpenRowsOptions } from "../../../src/rows/options.ts";
import { decompress } from "../../../src/parquet/read/codecs.ts";
import type { RowSource } from "../../../src/rows/source.ts";

/** What a file held: vectors, and its other columns where these are read, as text. */
export interface Reading {
  vectors: number[];
  side: string;
}

/** What came of a damaged file. */
export type FuzzClass =
  | "refused"
  | "unharmed"
  | "other rows, as hyparquet reads them"
  /**
   * hyparquet reads the same rows where our decompression stands in for its own. Its decoders in JavaScript refuse
   * damaged streams that zstd's own library takes: without a checksum nothing tells the bytes that come out from
   * others.
   */
  | "other rows, as hyparquet reads them with our codecs"
  /**
   * hyparquet wants bytes that the rows do not: where damage makes a chunk end late in the footer, it takes what lies
   * behind the last page for more of them; all values that the chunk has were read by then.
   */
  | "other rows, hyparquet refuses"
  | "other rows, hyparquet differs"
  | "crash"
  | "slow";

export const WIDTH = 7;
export const DIMENSIONS = Array.from({ length: WIDTH }, (_, i) => `x${i}`);
const SIDE_COLUMNS = [
  "text",
  "kind",
  "number",
  "flag",
  "day",
  "price",
  "list",
  "pair",
];
/** In the names of files whose other columns are read. */
export const SIDE_MARK = "columns";
const BUDGET = 48 * 2 ** 20;

/** Reads all of a file, as far as a million values. */
export async function readRows(
  path: string,
  options: OpenRowsOptions,
): Promise<Reading> {
  const source = await openRows(path, {
    ...options,
    memoryBudget: BUDGET,
    decodeWorkers: 0,
  });
  try {
    const vectors: number[] = [];
    for await (const { data } of source.batches(16)) {
      for (const value of data) vectors.push(value);
      if (vectors.length > 1e6) break;
    }
    return { vectors, side: await readSide(source, path) };
  } finally {
    await source.close();
  }
}

// Some rows at a time, so that reading goes on where it stopped.
async function readSide(source: RowSource, path: string): Promise<string> {
  if (!path.includes(SIDE_MARK)) return "";
  const rows: unknown[][] = SIDE_COLUMNS.map(() => []);
  const most = Math.min(source.rowCount, 10_000);
  for (let start = 0; start < most; start += 17) {
    const end = Math.min(most, start + 17);
    const columns = await source.readColumns!(SIDE_COLUMNS, { start, end });
    columns.forEach(({ values }, i) => rows[i].push(...values));
  }
  return textOf(rows);
}

function textOf(values: unknown): string {
  return JSON.stringify(
    values,
    (_, value) => typeof value === "bigint" ? `${value}n` : value,
  );
}

/** Whether two readings are the same, bit for bit. */
export function same(a: Reading, b: Reading): boolean {
  return a.side === b.side && a.vectors.length === b.vectors.length &&
    a.vectors.every((value, i) => Object.is(value, b.vectors[i]));
}

const OUR_CODECS: Compressors = Object.fromEntries(
  ["ZSTD", "BROTLI", "GZIP", "SNAPPY", "LZ4_RAW"].map((codec) => [
    codec,
    (input: Uint8Array, size: number) => decompress(codec, input, size),
  ]),
);

/** Damage that leaves a well-formed file makes other rows of it. They are right if hyparquet reads the same ones. */
export async function compare(
  path: string,
  rows: Reading,
  options: OpenRowsOptions,
): Promise<{ outcome: FuzzClass; what?: string }> {
  try {
    const theirs = await throughHyparquet(path, options, compressors);
    return {
      outcome: same(rows, theirs)
        ? "other rows, as hyparquet reads them"
        : "other rows, hyparquet differs",
    };
  } catch {
    return await compareWithOurCodecs(path, rows, options);
  }
}

async function compareWithOurCodecs(
  path: string,
  rows: Reading,
  options: OpenRowsOptions,
): Promise<{ outcome: FuzzClass; what?: string }> {
  try {
    const theirs = await throughHyparquet(path, options, OUR_CODECS);
    return {
      outcome: same(rows, theirs)
        ? "other rows, as hyparquet reads them with our codecs"
        : "other rows, hyparquet differs",
    };
  } catch (error) {
    return { outcome: "other rows, hyparquet refuses", what: String(error) };
  }
}

async function throughHyparquet(
  path: string,
  { column, blobType }: OpenRowsOptions,
  compressors: Compressors,
): Promise<Reading> {
  const file = Deno.readFileSync(path).buffer;
  const names = column === undefined || column === "v" ? ["v"] : DIMENSIONS;
  const objects = await parquetReadObjects({ file, compressors, utf8: false });
  const vectors = objects.flatMap((object) =>
    names.flatMap((name) => numbersOf(object[name], blobType !== undefined))
  );
  if (!path.includes(SIDE_MARK)) return { vectors, side: "" };
  const others = await parquetReadObjects({
    file,
    compressors,
    columns: SIDE_COLUMNS,
  });
  const side = textOf(
    SIDE_COLUMNS.map((name) => others.map((object) => object[name] ?? null)),
  );
  return { vectors, side };
}

// Numbers in whatever lists and structures hold them: damage can make a list's inner nodes visible.
function numbersOf(value: unknown, blob: boolean): number[] {
  if (blob) {
    return [...new Float32Array((value as Uint8Array).slice().buffer)];
  }
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap((inner) => numbersOf(inner, false))
    : [Math.fround(Number(value))];
}
