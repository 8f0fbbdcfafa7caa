import assert from "node:assert/strict";
import pl from "nodejs-polars";
import {
  float32Tensor,
  safetensorsParts,
} from "../../src/files/safetensors.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { delivered, rowsOf, withRows } from "./files.ts";
import { changeFooter } from "./footers.ts";
import { sql } from "./writers.ts";

function parquet(file: string, select: string, options = "") {
  return sql(`COPY (${select}) TO '${file}' (FORMAT parquet${options})`);
}

Deno.test("A column whose levels begin inside a row is damaged, with skipInvalid too", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    await parquet(
      file,
      "SELECT [i * 10 + 1, i * 10 + 2]::FLOAT[] AS e FROM range(8) t(i)",
      ", COMPRESSION uncompressed",
    );
    const bytes = await Deno.readFile(file);
    // Repetition levels 0 1 0 1 …, eight to a byte.
    const at = bytes.findIndex((byte, i) =>
      byte === 0xAA && bytes[i + 1] === 0xAA
    );
    assert(at > 0);
    bytes[at] = 0xAB;
    await Deno.writeFile(file, bytes);
    for (const skipInvalid of [false, true]) {
      await assert.rejects(
        rowsOf(file, { skipInvalid }),
        /begins inside a row.*damaged/,
      );
    }
    // One row more than the table has: the rows after it would stand at others' places.
    bytes[at] = 0xA8;
    await Deno.writeFile(file, bytes);
    await assert.rejects(
      rowsOf(file, { skipInvalid: true }),
      /more than its 8 rows.*damaged/,
    );
  }));

Deno.test("Of lists of lists that differ in length, the full ones are all read and the others counted", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/texts.parquet`;
    const full = "list_transform(range(8), lambda y: (i + y)::FLOAT)";
    for (const version of ["v1", "v2"]) {
      await parquet(
        file,
        `SELECT i AS id, CASE WHEN i % 2 = 0 THEN [${full}, [i, i, i, i]::FLOAT[]] ELSE [${full}] END AS e FROM range(400) t(i)`,
        `, PARQUET_VERSION ${version}, ROW_GROUP_SIZE 2048`,
      );
      await withRows(file, { skipInvalid: true }, async (source) => {
        assert.equal(source.rowCount, 600);
        const { rows, values } = await delivered(source);
        assert.deepEqual(source.dropped, { invalid: 200 });
        assert.deepEqual(
          values.map(([first]) => first),
          Array.from({ length: 400 }, (_, i) => i),
        );
        const [{ values: ids }] = await source.readColumns!(["id"], {
          start: rows[399],
          end: rows[399] + 1,
        });
        assert.deepEqual(ids.map(Number), [399]);
      });
      await assert.rejects(rowsOf(file), /Row holds 4 values instead of 8/);
    }
  }));

Deno.test("Polars' lists of lists with empty texts have as many rows as DuckDB's", () =>
  inDirectory(async (directory) => {
    const [duck, polars] = ["duck", "polars"]
      .map((name) => `${directory}/${name}.parquet`);
    await parquet(
      duck,
      "SELECT CASE WHEN i % 3 = 0 THEN []::FLOAT[][] WHEN i = 1 THEN [[1, 2, 3]::FLOAT[]] ELSE [[4, 5, 6]::FLOAT[], [7, 8, i]::FLOAT[]] END AS e FROM range(7) t(i)",
    );
    pl.readParquet(duck).writeParquet(polars);
    const expected = await rowsOf(duck);
    assert.equal(expected.rows.length, 7);
    assert.deepEqual(await rowsOf(polars), expected);
  }));

Deno.test("Parts without rows, or with null rows only, stand beside others, in front of them too", () =>
  inDirectory(async (directory) => {
    const row = "list_transform(range(4), lambda y: (i + y)::FLOAT)::FLOAT[4]";
    const write = (name: string, count: number, column = `${row} AS e`) =>
      parquet(
        `${directory}/${name}.parquet`,
        `SELECT ${column} FROM range(${count}) t(i)`,
      );
    await write("b", 3);
    await write("a", 0);
    await write("c", 0);
    const { values } = await rowsOf(directory);
    assert.deepEqual(values.map(([first]) => first), [0, 1, 2]);
    await write("0", 2, "NULL::FLOAT[] AS e");
    await withRows(directory, { skipInvalid: true }, async (source) => {
      assert.deepEqual((await delivered(source)).rows, [2, 3, 4]);
      assert.deepEqual(source.dropped, { invalid: 2 });
      assert.deepEqual(source.files.map(({ rows }) => rows), [2, 0, 3, 0]);
    });
    await assert.rejects(openRows(`${directory}/a.parquet`), /no rows/);
    await assert.rejects(openRows(`${directory}/0.parquet`), /No row holds/);
  }));

Deno.test("A tensor of a type that is not read may stand beside the one that is", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.safetensors`;
    const rows = Float32Array.of(1, 2, 3, 4, 5, 6);
    const parts = safetensorsParts({
      scales: {
        dtype: "F8_E4M3" as "F32",
        shape: [2, 3],
        bytes: new Uint8Array(6),
      },
      rows: { dtype: "F32", shape: [2, 3], bytes: new Uint8Array(rows.buffer) },
    });
    await Deno.writeFile(file, new Uint8Array(parts.flatMap((p) => [...p])));
    const { values } = await rowsOf(file);
    assert.deepEqual(values, [[1, 2, 3], [4, 5, 6]]);
    await assert.rejects(
      rowsOf(file, { column: "scales" }),
      /"scales" has the type F8_E4M3, which is not read/,
    );
  }));

Deno.test("Tensors beside the one that is read are listed", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.safetensors`;
    const parts = safetensorsParts({
      rows: float32Tensor(Float32Array.of(1, 2, 3, 4), 2, 2),
      ids: float32Tensor(Float32Array.of(1, 2), 2),
    });
    await Deno.writeFile(file, new Uint8Array(parts.flatMap((p) => [...p])));
    await withRows(file, {}, (source) => {
      assert.deepEqual(source.notRead, [
        { reason: "array", count: 1, paths: [`${file}:ids`] },
      ]);
      return Promise.resolve();
    });
  }));

Deno.test("A local file that changes while it is read is an error, by size, date or inode", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.f32`;
    const values = new Float32Array(400).map((_, i) => i);
    const bytes = new Uint8Array(values.buffer);
    const changes: Record<string, () => Promise<void>> = {
      size: () => Deno.writeFile(file, new Uint8Array(4), { append: true }),
      date: async () => {
        await Deno.writeFile(file, bytes);
        await Deno.utime(file, 1e9, 1e9);
      },
      inode: async () => {
        const { mtime } = await Deno.stat(file);
        await Deno.writeFile(`${file}.new`, bytes);
        await Deno.utime(`${file}.new`, mtime!, mtime!);
        await Deno.rename(`${file}.new`, file);
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      await Deno.writeFile(file, bytes);
      await withRows(file, { width: 4 }, async (source) => {
        const read = async () => {
          let seen = 0;
          for await (const { rows } of source.batches(10)) {
            if (seen === 0) await change();
            seen += rows;
          }
        };
        await assert.rejects(read(), /changed while it was read/, what);
      });
    }
    await Deno.writeFile(file, bytes);
    await withRows(file, { width: 4 }, async (source) => {
      await Deno.truncate(file, 100);
      await assert.rejects(source.read({ start: 50, end: 60 }), /changed/);
    });
  }));

// Fields of the footer: row groups, their columns, and of a column its metadata, path and key.
const ROW_GROUPS = "field_4", COLUMNS = "field_1", META = "field_3";
const SCHEMA = "field_2", NAME = "field_4", PATH = "field_3";
const KEY = "field_8";

Deno.test("A column that is encrypted under a plain footer is said to be; the others are read", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    await parquet(
      file,
      "SELECT [i, i + 1]::FLOAT[] AS a, [i, i]::FLOAT[] AS b, i AS n FROM range(9) t(i)",
    );
    await changeFooter(file, (footer) => {
      const [{ [COLUMNS]: columns }] = footer[ROW_GROUPS];
      for (const secret of [columns[1], columns[2]]) {
        secret[KEY] = { field_1: {} };
      }
    });
    const encrypted = /Column is encrypted .*column "b".*decrypt the file/;
    await assert.rejects(rowsOf(file, { column: "b" }), encrypted);
    assert.equal((await rowsOf(file, { column: "a" })).rows.length, 9);
    await withRows(file, { column: "a" }, async (source) => {
      const keeping = source.readColumns!(["n"], { start: 0, end: 4 });
      await assert.rejects(keeping, /Column is encrypted .*column "n"/);
    });
  }));

Deno.test("Two columns of one name are refused, whatever they hold; the others are read", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    await parquet(
      file,
      "SELECT i AS a, 10 + i AS b, [i, i]::FLOAT[] AS v FROM range(9) t(i)",
    );
    await changeFooter(file, (footer) => {
      footer[SCHEMA][2][NAME] = "a";
      footer[ROW_GROUPS][0][COLUMNS][1][META][PATH] = ["a"];
    });
    await assert.rejects(
      rowsOf(file, { column: "a" }),
      /Two columns have the same name .*column "a"/,
    );
    assert.equal((await rowsOf(file, { column: "v" })).rows.length, 9);
  }));
