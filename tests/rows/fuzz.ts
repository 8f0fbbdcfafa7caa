import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { parquetWriteFile } from "hyparquet-writer";
import {
  Compression,
  WriterPropertiesBuilder,
  WriterVersion,
} from "parquet-wasm";
import { DbksvdError } from "../../src/errors.ts";
import { type RandomStream, randomStream } from "../../src/random.ts";
import { LocalFile } from "../../src/rows/bytes.ts";
import { openRows, type OpenRowsOptions } from "../../src/rows/open.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { readFooter } from "../../src/rows/parquet/footer.ts";
import { chunkOf, walkPages } from "../../src/rows/parquet/pages.ts";
import {
  asRows,
  COMPRESSORS,
  someNumbers,
  sql,
  sqlRows,
  writeArrow,
  writeHyparquet,
  writePolars,
} from "./writers.ts";

/** A file to damage, with where its parts lie. */
interface Seed {
  name: string;
  bytes: Uint8Array;
  options: OpenRowsOptions;
  /** Places of numbers in Thrift structures that can be overwritten without moving anything: [offset, bytes]. */
  footerNumbers: [number, number][];
  headerNumbers: [number, number][];
  /** First bytes of pages: levels, where they are not compressed. */
  pageStarts: number[];
  rows: Reading;
}

/** What a file held: vectors, and its other columns where these are read, as text. */
interface Reading {
  vectors: number[];
  side: string;
}

/** What is read of the files: vectors alone, or other columns of many types too. */
export type FuzzTarget = "vectors" | "columns";

/** What came of a damaged file. */
export type FuzzClass =
  | "refused"
  | "unharmed"
  | "other rows, as hyparquet reads them"
  | "other rows, hyparquet refuses"
  | "other rows, hyparquet differs"
  | "crash"
  | "slow";

/** Outcomes by class, for whole and for structure-aware damage. */
export interface FuzzReport {
  runs: number;
  bytes: Partial<Record<FuzzClass, number>>;
  structure: Partial<Record<FuzzClass, number>>;
  /** Runs that must not be: crashes, slow ones, rows that hyparquet reads otherwise. */
  failures: { run: number; file: string; what: string }[];
  peakBytes: number;
}

const WIDTH = 7;
const DIMENSIONS = Array.from({ length: WIDTH }, (_, i) => `x${i}`);
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
const SIDE_MARK = "columns";
const SLOW_MS = 3000;
const BUDGET = 48 * 2 ** 20;

/** Damages files `runs` times, seeded, half of them where their structure is, and reads them: `target` of them. */
export async function fuzz(
  runs: number,
  seed: number,
  directory: string,
  first = 0,
  target: FuzzTarget = "vectors",
): Promise<FuzzReport> {
  const seeds = target === "vectors"
    ? await makeSeeds(directory)
    : await makeSideSeeds(directory);
  const report: FuzzReport = {
    runs,
    bytes: {},
    structure: {},
    failures: [],
    peakBytes: 0,
  };
  const path = `${directory}/damaged-${target}.parquet`;
  for (let run = first; run < first + runs; run++) {
    const random = randomStream(seed, "fuzz", run);
    const from = seeds[random.integer(seeds.length)];
    const structured = run % 2 === 0;
    const damaged = structured
      ? damageStructure(from, random)
      : damageBytes(from.bytes, random);
    Deno.writeFileSync(path, damaged);
    const start = performance.now();
    let outcome: FuzzClass;
    try {
      const rows = await readRows(path, from.options);
      outcome = same(rows, from.rows)
        ? "unharmed"
        : await compare(path, rows, from.options);
    } catch (error) {
      const clean = error instanceof DbksvdError && error.kind === "data" &&
        !error.message.includes("\n");
      outcome = clean ? "refused" : "crash";
      if (!clean) {
        report.failures.push({
          run,
          file: from.name,
          what: String((error as Error).stack),
        });
      }
    }
    if (outcome === "other rows, hyparquet differs") {
      report.failures.push({ run, file: from.name, what: outcome });
    }
    const milliseconds = performance.now() - start;
    if (milliseconds > SLOW_MS) {
      outcome = "slow";
      report.failures.push({
        run,
        file: from.name,
        what: `took ${Math.round(milliseconds)} ms`,
      });
    }
    const counts = structured ? report.structure : report.bytes;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    report.peakBytes = Math.max(report.peakBytes, Deno.memoryUsage().rss);
  }
  return report;
}

async function readRows(
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

function same(a: Reading, b: Reading): boolean {
  return a.side === b.side && a.vectors.length === b.vectors.length &&
    a.vectors.every((value, i) => Object.is(value, b.vectors[i]));
}

// Damage that leaves a well-formed file makes other rows of it. They are right if hyparquet reads the same ones.
async function compare(
  path: string,
  rows: Reading,
  { column, blobType }: OpenRowsOptions,
): Promise<FuzzClass> {
  try {
    const bytes = Deno.readFileSync(path);
    const objects = await parquetReadObjects({
      file: bytes.buffer,
      compressors,
      utf8: false,
    });
    const names = column === undefined || column === "v" ? ["v"] : DIMENSIONS;
    const values = objects.flatMap((object) =>
      names.flatMap((name) => numbersOf(object[name], blobType !== undefined))
    );
    const side = path.includes(SIDE_MARK)
      ? textOf(await sideThroughHyparquet(bytes))
      : "";
    return same(rows, { vectors: values, side })
      ? "other rows, as hyparquet reads them"
      : "other rows, hyparquet differs";
  } catch {
    return "other rows, hyparquet refuses";
  }
}

async function sideThroughHyparquet(bytes: Uint8Array<ArrayBuffer>) {
  const objects = await parquetReadObjects({
    file: bytes.buffer,
    compressors,
    columns: SIDE_COLUMNS,
  });
  return SIDE_COLUMNS.map((name) =>
    objects.map((object) => object[name] ?? null)
  );
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

function damageBytes(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const kind = random.integer(4);
  if (kind === 0) return bytes.slice(0, random.integer(bytes.length));
  const damaged = bytes.slice();
  if (kind === 1) {
    for (let i = random.integer(4); i >= 0; i--) {
      damaged[random.integer(bytes.length)] ^= 1 << random.integer(8);
    }
  } else if (kind === 2) {
    const at = random.integer(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.integer(64));
    for (let i = at; i < end; i++) damaged[i] = random.integer(256);
  } else {
    const from = random.integer(bytes.length);
    const to = random.integer(bytes.length);
    const size = Math.min(
      1 + random.integer(200),
      bytes.length - Math.max(from, to),
    );
    damaged.copyWithin(to, from, from + size);
  }
  return damaged;
}

function damageStructure(seed: Seed, random: RandomStream): Uint8Array {
  const damaged = seed.bytes.slice();
  for (let i = random.integer(3); i >= 0; i--) {
    const kind = random.integer(3);
    if (kind === 2) {
      const at = seed.pageStarts[random.integer(seed.pageStarts.length)] +
        random.integer(40);
      damaged[Math.min(at, damaged.length - 1)] = random.integer(256);
      continue;
    }
    const numbers = kind === 0 ? seed.footerNumbers : seed.headerNumbers;
    const [at, size] = numbers[random.integer(numbers.length)];
    overwriteNumber(damaged, at, size, random);
  }
  return damaged;
}

// A number of as many bytes: near the old one, or any, or the largest.
function overwriteNumber(
  bytes: Uint8Array,
  at: number,
  size: number,
  random: RandomStream,
) {
  const kind = random.integer(3);
  for (let i = 0; i < size; i++) {
    const more = i + 1 < size ? 128 : 0;
    const old = bytes[at + i] & 127;
    const low = kind === 0
      ? i === 0 ? (old + random.integer(9) - 4) & 127 : old
      : kind === 1
      ? random.integer(128)
      : 127;
    bytes[at + i] = low | more;
  }
}

async function makeSeeds(directory: string): Promise<Seed[]> {
  const numbers = someNumbers(60 * WIDTH);
  const rows = asRows(numbers, WIDTH);
  const path = (name: string) => `${directory}/${name}.parquet`;
  const files: [string, OpenRowsOptions][] = [];
  const add = (name: string, options: OpenRowsOptions = {}) => {
    files.push([path(name), options]);
    return path(name);
  };
  for (
    const [version, codec] of [["v1", "uncompressed"], ["v1", "zstd"], [
      "v2",
      "snappy",
    ], ["v2", "lz4_raw"]]
  ) {
    await sql(
      `COPY (SELECT v FROM ${sqlRows(rows, "FLOAT[]")} ORDER BY id) TO '${
        add(`duckdb-${version}-${codec}`)
      }' (FORMAT parquet, PARQUET_VERSION ${version}, COMPRESSION ${codec}, ROW_GROUP_SIZE 32)`,
    );
  }
  const texts = rows.map((_, t) => rows.slice(t, t + t % 4));
  await sql(
    `COPY (SELECT v FROM ${sqlRows(texts, "FLOAT[][]")} ORDER BY id) TO '${
      add("nested")
    }' (FORMAT parquet, COMPRESSION uncompressed)`,
  );
  const columns = rows[0].map((_, i) => `v[${i + 1}] AS x${i}`);
  await sql(
    `COPY (SELECT ${columns} FROM ${
      sqlRows(rows, "FLOAT[]")
    } ORDER BY id) TO '${
      add("scalars", { column: DIMENSIONS.join(",") })
    }' (FORMAT parquet, COMPRESSION snappy)`,
  );
  const properties = () =>
    new WriterPropertiesBuilder().setDataPageSizeLimit(300).setWriteBatchSize(8)
      .setDictionaryPageSizeLimit(200);
  writeArrow(
    add("arrow-v1"),
    rows,
    properties().setCompression(Compression.UNCOMPRESSED),
  );
  writeArrow(
    add("arrow-v2"),
    rows,
    properties().setCompression(Compression.GZIP).setWriterVersion(
      WriterVersion.V2,
    ),
  );
  writePolars(add("polars"), rows, { compression: "brotli" });
  writeHyparquet(add("split"), rows, { codec: "UNCOMPRESSED", pageSize: 300 }, {
    encoding: "BYTE_STREAM_SPLIT",
  });
  parquetWriteFile({
    filename: add("blob", { blobType: "f32" }),
    codec: "ZSTD",
    compressors: COMPRESSORS,
    pageSize: 300,
    columnData: [{
      name: "v",
      type: "BYTE_ARRAY",
      data: rows.map((row) => new Uint8Array(Float32Array.from(row).buffer)),
      encoding: "DELTA_LENGTH_BYTE_ARRAY",
    }],
  });
  return await Promise.all(
    files.map(([file, options]) => toSeed(file, options)),
  );
}

// The same columns, of many types, as different writers and options store them.
async function makeSideSeeds(directory: string): Promise<Seed[]> {
  const rows = asRows(someNumbers(60 * WIDTH), WIDTH);
  const files: string[] = [];
  for (
    const [version, codec] of [["v1", "uncompressed"], ["v1", "zstd"], [
      "v2",
      "uncompressed",
    ], ["v2", "snappy"]]
  ) {
    const file = `${directory}/${SIDE_MARK}-${version}-${codec}.parquet`;
    files.push(file);
    await sql(
      `COPY (SELECT v, 'text ' || id AS text, 'kind ' || id % 3 AS kind,
        CASE WHEN id % 4 > 0 THEN id END AS number, id % 2 = 0 AS flag,
        DATE '2020-01-01' + CAST(id AS INTEGER) AS day,
        CAST(id AS DECIMAL(30, 2)) AS price,
        [id, id + 1, NULL][:id % 4] AS list,
        {'a': id, 'b': [id::VARCHAR]} AS pair
        FROM ${sqlRows(rows, "FLOAT[]")} ORDER BY id) TO '${file}'
        (FORMAT parquet, PARQUET_VERSION ${version}, COMPRESSION ${codec},
        ROW_GROUP_SIZE 32)`,
    );
  }
  return await Promise.all(
    files.map((file) => toSeed(file, { column: "v" })),
  );
}

async function toSeed(path: string, options: OpenRowsOptions): Promise<Seed> {
  const bytes = Deno.readFileSync(path);
  const file = new LocalFile(path);
  const { metadata, bytes: footer } = await readFooter(file, 2 ** 30);
  const footerNumbers = numbersIn(bytes, bytes.length - 8 - footer.length);
  const headerNumbers: [number, number][] = [];
  const pageStarts: number[] = [];
  for (const group of metadata.row_groups) {
    for (const column of group.columns) {
      const chunk = chunkOf(column, file.size);
      let header = chunk.start;
      for await (const page of walkPages(file, chunk, 2 ** 30)) {
        headerNumbers.push(...numbersIn(bytes, header));
        pageStarts.push(page.offset);
        header = page.offset + page.compressed;
      }
    }
  }
  file.close();
  const rows = await readRows(path, options);
  return {
    name: path.split("/").at(-1)!,
    bytes,
    options,
    footerNumbers,
    headerNumbers,
    pageStarts,
    rows,
  };
}

/** Where the variable-length numbers of a Thrift compact structure lie: values, lengths, sizes. */
function numbersIn(bytes: Uint8Array, start: number): [number, number][] {
  const found: [number, number][] = [];
  let at = start;
  const number = () => {
    const from = at;
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    found.push([from, at - from]);
    return value;
  };
  const element = (type: number) => {
    if (type === 3) at += 1;
    else if (type >= 4 && type <= 6) number();
    else if (type === 7) at += 8;
    else if (type === 8) {
      const size = number();
      at += size;
    } else if (type === 9) {
      const head = bytes[at++];
      const size = head >> 4 === 15 ? number() : head >> 4;
      for (let i = 0; i < size; i++) {
        (head & 15) <= 2 ? at++ : element(head & 15);
      }
    } else if (type === 12) struct();
  };
  const struct = () => {
    for (let head = bytes[at++]; head !== 0; head = bytes[at++]) {
      if (head >> 4 === 0) number();
      element(head & 15);
    }
  };
  struct();
  return found;
}
