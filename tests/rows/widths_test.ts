import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { delivered, rowsOf, withRows } from "./files.ts";
import { sql } from "./writers.ts";

function parquet(file: string, select: string) {
  return sql(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
}

Deno.test("A list tells the width, whatever the number of values for a row is", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    for (const width of [256, 1536]) {
      await parquet(
        file,
        `SELECT CASE WHEN i = 3 THEN NULL ELSE list_transform(range(${width}), lambda y: y::FLOAT) END AS e FROM range(5) t(i)`,
      );
      await withRows(file, { skipInvalid: true }, async (source) => {
        assert.equal(source.width, width);
        assert.deepEqual((await delivered(source)).rows, [0, 1, 2, 4]);
      });
      await assert.rejects(rowsOf(file), /null or empty.*row 3/);
    }
  }));

Deno.test("A list's nulls count for its width, in most lists too", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    for (const [open, close] of [["", ""], ["[", "]"]]) {
      await parquet(
        file,
        `SELECT CASE WHEN i % 3 = 0 THEN ${open}[i, 1, 2]${close} ELSE ${open}[i, NULL, 2]${close} END AS e FROM range(30) t(i)`,
      );
      await withRows(file, { skipInvalid: true }, async (source) => {
        assert.equal(source.width, 3);
        const { values } = await delivered(source);
        assert.deepEqual(
          values.map(([first]) => first),
          Array.from({ length: 10 }, (_, i) => 3 * i),
        );
        assert.deepEqual(source.dropped, { invalid: 20 });
      });
      await assert.rejects(rowsOf(file), /Row holds a null/);
    }
  }));

Deno.test("Vectors that come after many rows without one are found", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    for (const none of ["NULL", "[]"]) {
      await parquet(
        file,
        `SELECT CASE WHEN i < 1000 THEN ${none} ELSE [i::FLOAT, 1, 2] END AS e FROM range(1005) t(i)`,
      );
      await withRows(file, { skipInvalid: true }, async (source) => {
        assert.equal(source.width, 3);
        assert.equal((await delivered(source)).rows[0], 1000);
        assert.deepEqual(source.dropped, { invalid: 1000 });
      });
    }
  }));
