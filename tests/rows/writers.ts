import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import * as arrow from "apache-arrow";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteFile } from "hyparquet-writer";
import pl from "nodejs-polars";
import * as wasm from "parquet-wasm";
import { randomStream } from "../../src/random.ts";

/** Numbers as some data are and some are not: one in three from a few values, for dictionaries; exact as floats. */
export function someNumbers(count: number, seed = 0): Float32Array {
  const random = randomStream(seed, "numbers");
  return Float32Array.from(
    { length: count },
    () => random.integer(3) === 0 ? random.integer(5) / 4 : random.normal(),
  );
}

/** Numbers as arrays of rows. */
export function asRows(numbers: ArrayLike<number>, width: number): number[][] {
  const rows = [];
  for (let at = 0; at < numbers.length; at += width) {
    rows.push(Array.from({ length: width }, (_, i) => numbers[at + i]));
  }
  return rows;
}

let duckdb: Promise<DuckDBConnection> | undefined;

/** Runs SQL in one DuckDB; the last result by columns. */
export async function sql(...statements: string[]): Promise<unknown[][]> {
  duckdb ??= DuckDBInstance.create(":memory:", { threads: "1" })
    .then((instance) => instance.connect());
  const connection = await duckdb;
  // Tests write one path again and again: what DuckDB remembers of a file is not what it holds now.
  await connection.run("SET enable_external_file_cache = false");
  let columns: unknown[][] = [];
  for (const statement of statements) {
    const result = await connection.runAndReadAll(statement);
    columns = result.getColumnsJS() as unknown[][];
  }
  return columns;
}

/** A SQL literal of vectors. */
export function sqlRows(rows: readonly unknown[][], type: string): string {
  const literal = (value: unknown): string =>
    Array.isArray(value)
      ? `[${value.map(literal).join(",")}]`
      : value === null
      ? "NULL"
      : Number.isInteger(value)
      ? String(value)
      // With an exponent it is parsed as a double; else as a decimal, and rounded carelessly.
      : `${value}${String(value).includes("e") ? "" : "e0"}`;
  const values = rows.map((row, i) => `(${i}, ${literal(row)}::${type})`);
  return `(VALUES ${values.join(",")}) AS t(id, v)`;
}

/** Values of a file's column in the order of rows, flat, as DuckDB reads them. */
export async function judge(file: string, column = "v"): Promise<number[]> {
  const [values] = await sql(
    `SELECT "${column}"::DOUBLE[] FROM read_parquet('${file}', file_row_number = true) ORDER BY file_row_number`,
  );
  return (values as number[][]).flat().map(Math.fround);
}

/** Compressors that hyparquet-writer is given. */
export const COMPRESSORS = {
  GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)),
  ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes)),
  BROTLI: (bytes: Uint8Array) => new Uint8Array(brotliCompressSync(bytes)),
};

/** Writes lists with parquet-wasm (arrow-rs); `item` is the whole type where `whole` says so. */
export function writeArrow(
  file: string,
  rows: readonly (number[] | null)[],
  properties: wasm.WriterPropertiesBuilder,
  item: arrow.DataType = new arrow.Float32(),
  whole = false,
): void {
  const type = whole
    ? item
    : new arrow.List(new arrow.Field("item", item, true));
  writeTable(file, { v: arrow.vectorFromArray(rows, type) }, properties);
}

/** Writes columns with parquet-wasm (arrow-rs). */
export function writeTable(
  file: string,
  columns: Record<string, arrow.Vector>,
  properties = new wasm.WriterPropertiesBuilder(),
): void {
  const ipc = arrow.tableToIPC(new arrow.Table(columns), "stream");
  const bytes = wasm.writeParquet(
    wasm.Table.fromIPCStream(ipc),
    properties.build(),
  );
  Deno.writeFileSync(file, bytes);
}

/** Writes lists with polars. */
export function writePolars(
  file: string,
  rows: readonly number[][],
  options: Record<string, unknown>,
): void {
  const series = pl.Series("v", [...rows], pl.List(pl.Float32));
  pl.DataFrame([series]).writeParquet(file, options);
}

/** Writes lists with hyparquet-writer. */
export function writeHyparquet(
  file: string,
  rows: readonly unknown[],
  options: Record<string, unknown>,
  column: Record<string, unknown> = {},
): void {
  const schema = [
    { name: "root", num_children: 1 },
    {
      name: "v",
      repetition_type: "OPTIONAL",
      num_children: 1,
      converted_type: "LIST",
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "OPTIONAL", type: "FLOAT" },
  ];
  parquetWriteFile(
    {
      filename: file,
      schema,
      compressors: COMPRESSORS,
      columnData: [{ name: "v", data: rows, ...column }],
      ...options,
    } as unknown as Parameters<typeof parquetWriteFile>[0],
  );
}
