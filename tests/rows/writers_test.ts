import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import {
  Compression,
  Encoding,
  WriterPropertiesBuilder,
  WriterVersion,
} from "parquet-wasm";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import {
  asRows,
  judge,
  someNumbers,
  sql,
  sqlRows,
  writeArrow,
  writeHyparquet,
  writePolars,
} from "./writers.ts";

const WIDTH = 37;
const ROWS = 300;
const numbers = someNumbers(ROWS * WIDTH);
const rows = asRows(numbers, WIDTH);

async function readAll(
  file: string,
): Promise<{ width: number; values: Float32Array }> {
  const source = await openRows(file);
  try {
    const values = new Float32Array(source.rowCount * source.width);
    for await (const batch of source.batches(41)) {
      values.set(batch.data, batch.firstRow * source.width);
    }
    const middle = await source.read({ start: 17, end: 23 });
    const { width } = source;
    assert.deepEqual(middle, values.slice(17 * width, 23 * width));
    return { width, values };
  } finally {
    await source.close();
  }
}

function inTemporary(test: (file: string) => Promise<void>) {
  return inDirectory((directory) => test(`${directory}/v.parquet`));
}

/** The same values in another codec need no judge: what it said of the first file holds. */
async function assertAsWritten(file: string, judged?: number[]) {
  const { width, values } = await readAll(file);
  assert.equal(width, WIDTH);
  const expected = judged ?? await judge(file);
  assert.deepEqual([...values], expected);
  return expected;
}

const DUCKDB_CODECS = [
  "uncompressed",
  "snappy",
  "gzip",
  "zstd",
  "brotli",
  "lz4_raw",
];
for (const version of ["v1", "v2"]) {
  for (
    const type of [
      "FLOAT[]",
      `FLOAT[${WIDTH}]`,
      "DOUBLE[]",
      "INTEGER[]",
      "BIGINT[]",
      "UINTEGER[]",
      "UBIGINT[]",
      "SMALLINT[]",
    ]
  ) {
    Deno.test(`openRows() reads DuckDB's ${type} in Parquet ${version}, every codec`, () =>
      inTemporary(async (file) => {
        const whole = /INT/.test(type);
        const values = whole
          ? rows.map((row) => row.map((x) => Math.abs(Math.round(1000 * x))))
          : rows;
        let judged: number[] | undefined;
        for (const codec of DUCKDB_CODECS) {
          await sql(
            `COPY (SELECT v FROM ${
              sqlRows(values, type)
            } ORDER BY id) TO '${file}' (FORMAT parquet, PARQUET_VERSION ${version}, COMPRESSION ${codec}, ROW_GROUP_SIZE 128)`,
          );
          judged = await assertAsWritten(file, judged);
        }
      }));
  }
}

const ARROW_CODECS = [
  "UNCOMPRESSED",
  "SNAPPY",
  "GZIP",
  "ZSTD",
  "BROTLI",
  "LZ4_RAW",
] as const;
for (const version of ["V1", "V2"] as const) {
  for (const codec of ARROW_CODECS) {
    Deno.test(`openRows() reads arrow-rs's lists, pages ${version}, ${codec}, dictionary and not`, () =>
      inTemporary(async (file) => {
        for (
          const item of [
            new arrow.Float32(),
            new arrow.Float64(),
            new arrow.Int32(),
          ]
        ) {
          const values = item instanceof arrow.Int32
            ? rows.map((row) => row.map((x) => Math.round(100 * x)))
            : rows;
          for (const dictionary of [true, false]) {
            const properties = new WriterPropertiesBuilder()
              .setWriterVersion(WriterVersion[version])
              .setCompression(Compression[codec])
              .setDictionaryEnabled(dictionary)
              .setDictionaryPageSizeLimit(4096)
              .setDataPageSizeLimit(4096)
              .setWriteBatchSize(64)
              .setMaxRowGroupSize(128);
            writeArrow(file, values, properties, item);
            await assertAsWritten(file);
          }
        }
      }));
  }
}

Deno.test("openRows() reads arrow-rs's BYTE_STREAM_SPLIT and delta encodings", () =>
  inTemporary(async (file) => {
    const properties = (encoding: Encoding) =>
      new WriterPropertiesBuilder()
        .setDictionaryEnabled(false).setEncoding(encoding).setDataPageSizeLimit(
          4096,
        ).setWriteBatchSize(64);
    for (const item of [new arrow.Float32(), new arrow.Float64()]) {
      writeArrow(file, rows, properties(Encoding.BYTE_STREAM_SPLIT), item);
      await assertAsWritten(file);
    }
    const whole = rows.map((row) => row.map((x) => Math.round(1e4 * x)));
    writeArrow(
      file,
      whole,
      properties(Encoding.DELTA_BINARY_PACKED),
      new arrow.Int32(),
    );
    await assertAsWritten(file);
  }));

Deno.test("openRows() reads polars' lists, every codec", () =>
  inTemporary(async (file) => {
    for (
      const compression of [
        "uncompressed",
        "snappy",
        "gzip",
        "brotli",
        "zstd",
        "lz4",
      ]
    ) {
      writePolars(file, rows, { compression });
      await assertAsWritten(file);
    }
  }));

for (const codec of ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "BROTLI"]) {
  Deno.test(`openRows() reads hyparquet-writer's lists, ${codec}, PLAIN and BYTE_STREAM_SPLIT`, () =>
    inTemporary(async (file) => {
      for (
        const encoding of [
          undefined,
          "PLAIN",
          "BYTE_STREAM_SPLIT",
          "RLE_DICTIONARY",
        ]
      ) {
        writeHyparquet(
          file,
          rows,
          { codec, pageSize: 4096, rowGroupSize: 128 },
          { encoding },
        );
        await assertAsWritten(file);
      }
    }));
}
