// Types of columns that pass through an encoding: what other readers take, and what several files may hold.
import * as arrow from "apache-arrow";
import type { SchemaElement } from "hyparquet";
import { parquetWriteFile } from "hyparquet-writer";
import assert from "node:assert/strict";
import { join } from "node:path";
import { numberSchema } from "../../src/parquet/write/pages.ts";
import { requireSameType } from "../../src/rows/column_types.ts";
import { inDirectory } from "../directories.ts";
import { sql, writeTable } from "../rows/writers.ts";
import { kept, MOMENT, read, write } from "./kept_rows.ts";

const VECTORS = arrow.vectorFromArray(
  [[1, 2, 3], [3, 4, 5]],
  new arrow.List(new arrow.Field("item", new arrow.Float32(), true)),
);

Deno.test("encode() keeps whole numbers of every width so that other readers take them", () =>
  inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const out = join(directory, "codes.parquet");
    const vector = (values: unknown[], type: arrow.DataType) =>
      arrow.vectorFromArray(values, type);
    const columns = {
      u8: vector([255, 1], new arrow.Uint8()),
      i16: vector([-32768, 1], new arrow.Int16()),
      u32: vector([2 ** 32 - 1, 1], new arrow.Uint32()),
      u64: vector([2n ** 64n - 1n, 1n], new arrow.Uint64()),
    };
    writeTable(rows, { v: VECTORS, ...columns });
    await kept([rows], out, Object.keys(columns));
    for (const name of Object.keys(columns)) {
      assert.deepEqual(await read(out, name), await read(rows, name), name);
      const most = `(select max("${name}") from '${rows}')`;
      const [count] = await sql(
        `select count(*) from '${out}' where "${name}" = ${most}`,
      );
      assert.deepEqual(count, [1n], name);
    }
  }));

Deno.test("encode() takes a column without a value for one of any type, as pandas writes it", () =>
  inDirectory(async (directory) => {
    const files = ["a", "b"].map((name) => join(directory, `${name}.parquet`));
    const out = join(directory, "codes.parquet");
    await write(files[0], "'x' || i as k, ['a'] as l");
    const none = (name: string): SchemaElement => ({
      ...{ name, repetition_type: "OPTIONAL", type: "INT32" },
      logical_type: { type: "NULL" },
    });
    const list: SchemaElement = {
      ...{ name: "l", repetition_type: "OPTIONAL", num_children: 1 },
      converted_type: "LIST",
    };
    const items: SchemaElement = {
      ...{ name: "list", repetition_type: "REPEATED", num_children: 1 },
    };
    parquetWriteFile({
      filename: files[1],
      schema: [
        { name: "root", num_children: 3 },
        ...numberSchema("v", "FLOAT", true),
        ...[none("k"), list, items, none("element")],
      ],
      columnData: [
        { name: "v", data: [[1, 2, 3], [3, 4, 5]] },
        { name: "k", data: [null, null] },
        { name: "l", data: [[], null] },
      ],
    });
    await kept(files, out, ["k", "l"]);
    const [k, l] = await sql(`select k, l::varchar from '${out}'`);
    assert.deepEqual(k, ["x0", "x1", "x2", null, null]);
    assert.deepEqual(l, ["[a]", "[a]", "[a]", "[]", null]);
    const other = join(directory, "other.parquet");
    await assert.rejects(kept(files.toReversed(), other, ["k"]), {
      kind: "data",
      message: /Column is BYTE_ARRAY TEXT, .* INT32 NULL/,
    });
  }));

Deno.test("requireSameType() goes by what a column holds that is marked as without values and has some", () => {
  const name = "k", where = { file: "b.parquet", column: name };
  const marked: SchemaElement = {
    ...{ name, repetition_type: "REQUIRED", type: "INT32" },
    logical_type: { type: "NULL" },
  };
  const typed = (type: "INT32" | "DOUBLE"): SchemaElement => ({ name, type });
  const first = "a.parquet";
  requireSameType(where, [marked], [typed("INT32")], first);
  assert.throws(
    () => requireSameType(where, [marked], [typed("DOUBLE")], first),
    /Column is INT32, in a\.parquet it is DOUBLE/,
  );
});

Deno.test("encode() refuses a column to keep that is of another type in another file", () =>
  inDirectory(async (directory) => {
    const files = ["a", "b"].map((name) => join(directory, `${name}.parquet`));
    const out = join(directory, "codes.parquet");
    const others: [string, string, RegExp][] = [
      ["1.5::FLOAT", "0.1::DOUBLE", /Column is DOUBLE, in .*a\.parquet it is/],
      ["1::TINYINT", "300::INT", /it is INT32 INT_8/],
      ["1.2::DECIMAL(9,1)", "1.23::DECIMAL(9,2)", /scale 2, .*scale 1/],
      ["DATE '2024-01-02'", MOMENT, /TIMESTAMP_MICROS, .*DATE/],
      ["[1.5::FLOAT]", "[0.1::DOUBLE]", /LIST of DOUBLE/],
      ["{'a': 1, 'b': 2}", "{'a': 1, 'c': 3}", /\{a: INT32, c: INT32\}/],
      ["MAP {'a': 1}", "MAP {'a': 'b'}", /MAP of/],
    ];
    for (const [first, second, message] of others) {
      await write(files[0], `${first} as k`);
      await write(files[1], `${second} as k`);
      await assert.rejects(kept(files, out, ["k"]), { kind: "data", message });
    }
  }));

Deno.test("encode() takes a column to keep for the same whichever tool wrote its files", () =>
  inDirectory(async (directory) => {
    const files = ["a.parquet", "b.arrow"].map((name) => join(directory, name));
    const out = join(directory, "codes.parquet");
    await write(files[0], "[i::INT] as l, 'x' || i as t");
    const list = (type: arrow.DataType) =>
      new arrow.List(new arrow.Field("item", type, true));
    const table = new arrow.Table({
      v: arrow.vectorFromArray([[1, 2, 3]], list(new arrow.Float32())),
      l: arrow.vectorFromArray([[7]], list(new arrow.Int32())),
      t: arrow.vectorFromArray(["y"], new arrow.Utf8()),
    } as never);
    await Deno.writeFile(files[1], arrow.tableToIPC(table, "file"));
    await kept(files, out, ["l", "t"]);
    const [l, t] = await sql(`select l::varchar, t from '${out}'`);
    assert.deepEqual(l, ["[0]", "[1]", "[2]", "[7]"]);
    assert.deepEqual(t, ["x0", "x1", "x2", "y"]);
  }));
