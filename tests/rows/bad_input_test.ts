import assert from "node:assert/strict";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { asyncBufferFromFile } from "hyparquet/src/node.js";
import { parquetWriteFile } from "hyparquet-writer";
import { DbksvdError, type ErrorPlace } from "../../src/errors.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { inDirectory } from "../directories.ts";
import { delivered, rowsOf, withRows } from "./files.ts";
import {
  asRows,
  someNumbers,
  sql,
  sqlRows,
  writeHyparquet,
} from "./writers.ts";

const WIDTH = 6;
const rows = asRows(someNumbers(100 * WIDTH), WIDTH);

async function assertRefused(
  inputs: string | string[],
  message: RegExp,
  where: ErrorPlace = {},
  options: OpenRowsOptions = {},
) {
  const error = await rowsOf(inputs, options).then(
    () => assert.fail(`read without an error: ${message}`),
    (error) => error,
  );
  assert.ok(error instanceof DbksvdError, String(error?.stack));
  assert.equal(error.kind, "data");
  assert.match(error.message, message);
  assert.doesNotMatch(error.message, /\n/);
  for (const [key, value] of Object.entries(where)) {
    assert.equal(error.where?.[key as keyof ErrorPlace], value, error.message);
  }
}

function writeRows(file: string, values: unknown[] = rows, codec = "SNAPPY") {
  writeHyparquet(file, values, { codec, rowGroupSize: 40, pageSize: 200 }, {
    encoding: "PLAIN",
  });
}

Deno.test("openRows() refuses files that are no whole Parquet", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.parquet`;
    await assertRefused(file, /File not found .*a\.parquet.*check the path/, {
      file,
    });
    Deno.writeFileSync(file, new Uint8Array(0));
    await assertRefused(file, /File is empty/, { file });
    Deno.writeTextFileSync(file, "word,vector\na,1\n");
    await assertRefused(file, /not Parquet/, { file });
    writeRows(file);
    const whole = Deno.readFileSync(file);
    Deno.writeFileSync(file, whole.subarray(0, whole.length / 2));
    await assertRefused(file, /truncated/, { file });
    const hidden = whole.slice();
    hidden.set(new TextEncoder().encode("PARE"), whole.length - 4);
    Deno.writeFileSync(file, hidden);
    await assertRefused(file, /encrypted/, { file });
    const long = whole.slice();
    new DataView(long.buffer).setUint32(long.length - 8, long.length, true);
    Deno.writeFileSync(file, long);
    await assertRefused(file, /Footer is corrupt/, { file });
  }));

Deno.test("openRows() names the place of a corrupt page", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.parquet`;
    writeRows(file);
    const bytes = Deno.readFileSync(file);
    bytes.fill(0xFF, bytes.length / 3, bytes.length / 3 + 100);
    Deno.writeFileSync(file, bytes);
    for (const decodeWorkers of [0, 1]) {
      const where = { file, column: "v", rowGroup: 1 };
      await assertRefused(file, /Cannot decode/, where, { decodeWorkers });
    }
  }));

Deno.test("openRows() refuses codecs it does not know, and files without rows or vectors", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.parquet`;
    writeHyparquet(file, rows, {
      codec: "LZO",
      compressors: { LZO: (bytes: Uint8Array) => bytes },
    });
    await assertRefused(file, /Codec LZO is not supported.*zstd/, {
      file,
      column: "v",
    });
    await sql(
      `COPY (SELECT 'a' AS word, 1 AS rank, 0.5 AS score) TO '${file}' (FORMAT parquet)`,
    );
    await assertRefused(file, /No column holds vectors/, { file });
    await assertRefused(file, /No such column of vectors.*none/, {
      file,
      column: "x",
    }, { column: "x" });
    await sql(
      `COPY (SELECT [1.0, 2.0]::FLOAT[2] AS v WHERE false) TO '${file}' (FORMAT parquet)`,
    );
    await assertRefused(file, /No row holds a vector|There are no rows/, {
      file,
    });
    await assertRefused([], /no inputs/);
    await assertRefused(directory + "/none*.parquet", /No file matches/);
    const empty = `${directory}/empty`;
    Deno.mkdirSync(empty);
    await assertRefused(empty, /holds no file of rows/);
  }));

Deno.test("openRows() refuses a width that changes between files", () =>
  inDirectory(async (directory) => {
    writeRows(`${directory}/a.parquet`);
    writeRows(`${directory}/b.parquet`, rows.map((row) => row.slice(1)));
    await assertRefused(
      directory,
      /Rows have 5 dimensions, those of .*a\.parquet have 6/,
      { file: `${directory}/b.parquet` },
    );
  }));

const broken: [string, unknown, RegExp][] = [
  ["a ragged row", rows[57].slice(1), /Row holds 5 values instead of 6/],
  ["a row too long", [...rows[57], 1], /Row holds 7 values instead of 6/],
  ["a null row", null, /Row is null or empty/],
  ["an empty row", [], /Row is null or empty/],
  ["a null in a row", [1, 2, null, 4, 5, 6], /Row holds a null/],
  ["a NaN", [1, 2, 3, NaN, 5, 6], /Row holds a NaN/],
  ["an infinity", [1, 2, 3, 4, 5, -Infinity], /Row holds an infinity/],
];

for (const [name, row, message] of broken) {
  Deno.test(`openRows() refuses ${name} with its place, or drops it and counts it`, () =>
    inDirectory(async (directory) => {
      const file = `${directory}/a.parquet`;
      const other = `${directory}/0.parquet`;
      writeRows(other);
      writeRows(file, rows.with(57, row as number[]));
      const where = { file, column: "v", rowGroup: 1, row: 57 };
      for (const decodeWorkers of [0, 2]) {
        await assertRefused([other, file], message, where, { decodeWorkers });
        const options = { decodeWorkers, skipInvalid: true };
        await withRows([other, file], options, async (source) => {
          const { rows: numbers, values } = await delivered(source);
          assert.equal(source.rowCount, 200);
          assert.deepEqual(values, [...rows, ...rows.toSpliced(57, 1)]);
          assert.equal(numbers[157], 158);
          const shuffled = await delivered(source, 30, { shuffleSeed: 2 });
          assert.equal(shuffled.rows.length, 199);
          assert.ok(!shuffled.rows.includes(157));
          assert.deepEqual(source.dropped, { invalid: 1 });
        });
      }
    }));
}

Deno.test("Blobs and scalars with nulls are dropped alike", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.parquet`;
    const good = rows.filter((_, i) => i % 10 !== 3);
    const blobs = rows.map((row, i) =>
      i % 20 === 3
        ? null
        : i % 20 === 13
        ? new Uint8Array(7)
        : new Uint8Array(Float32Array.from(row).buffer)
    );
    parquetWriteFile({
      filename: file,
      pageSize: 200,
      columnData: [{ name: "v", data: blobs, type: "BYTE_ARRAY" }],
    });
    const options = { skipInvalid: true, blobType: "f32" as const };
    assert.deepEqual((await rowsOf(file, options)).values, good);
    await assertRefused(file, /Row is null or empty/, { row: 3 }, {
      blobType: "f32",
    });
    parquetWriteFile({
      filename: file,
      pageSize: 200,
      columnData: rows[0].map((_, c) => ({
        name: `x${c}`,
        data: rows.map((row, i) => i % 10 === 3 && c % 2 === 1 ? null : row[c]),
        type: "FLOAT" as const,
        nullable: true,
      })),
    });
    assert.deepEqual((await rowsOf(file, { skipInvalid: true })).values, good);
    await assertRefused(file, /Row is null or empty/, { row: 3 });
  }));

Deno.test("Rows read one by one are bit for bit what hyparquet gives", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.parquet`;
    for (const version of ["v1", "v2"]) {
      for (const type of ["FLOAT[]", "DOUBLE[]", "BIGINT[]"]) {
        const scaled = rows.map((row) =>
          row.map((x) => type === "BIGINT[]" ? Math.round(x * 1e15) : x)
        );
        const values = scaled.with(31, null as never);
        await sql(
          `COPY (SELECT v FROM ${
            sqlRows(values, type)
          } ORDER BY id) TO '${file}' (FORMAT parquet, PARQUET_VERSION ${version}, ROW_GROUP_SIZE 64)`,
        );
        const objects = await parquetReadObjects({
          file: await asyncBufferFromFile(file),
          compressors,
        });
        const expected = objects.filter(({ v }) => v).map(({ v }) =>
          [...v].map((x) => Math.fround(Number(x)))
        );
        const { values: read } = await rowsOf(file, { skipInvalid: true });
        assert.deepEqual(read, expected);
        await sql(
          `COPY (SELECT v FROM ${
            sqlRows(scaled.toSpliced(31, 1), type)
          } ORDER BY id) TO '${file}' (FORMAT parquet, PARQUET_VERSION ${version}, ROW_GROUP_SIZE 64)`,
        );
        assert.deepEqual((await rowsOf(file)).values, expected);
      }
    }
  }));
