// Columns that pass through an encoding hold what they held, to the last digit.
import * as arrow from "apache-arrow";
import { parquetWriteFile } from "hyparquet-writer";
import assert from "node:assert/strict";
import { join } from "node:path";
import { numberSchema } from "../../src/parquet/write/pages.ts";
import { openRows } from "../../src/rows/open.ts";
import { encode } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { sql, writeTable } from "../rows/writers.ts";
import { CPU } from "./helpers.ts";

const MOMENT = "TIMESTAMP '2024-01-02 03:04:05.123456'";

/** SQL of values that JavaScript's types would round, in row `i`. */
const VALUES: Record<string, string> = {
  micros: `${MOMENT} + INTERVAL (i) MICROSECOND`,
  before_1970: "TIMESTAMP '1700-01-02 03:04:05.123456'",
  nanos: "make_timestamp_ns(1704164645123456789 + i)",
  zoned: "TIMESTAMPTZ '2024-01-02 03:04:05.123456+00'",
  endless: "CASE i WHEN 0 THEN 'infinity' ELSE '2024-01-02' END::DATE",
  decimal9: "(-1.1 - i)::DECIMAL(9,2)",
  decimal18: "(123456789012345.678 + i)::DECIMAL(18,3)",
  decimal38: "(-12345678901234567890123456.123456 - i)::DECIMAL(38,6)",
  interval: "INTERVAL 3 MONTH + INTERVAL (i) DAY",
  json: `'{"id": 12345678901234567890, "b": 1.0, "a": 2, "b": 3}'::JSON`,
  missing: `CASE i WHEN 0 THEN NULL ELSE ${MOMENT} END`,
  nested: `{'a': [${MOMENT}, NULL], 'b': 0.1::DECIMAL(30,20)}`,
};

async function write(path: string, values: string): Promise<void> {
  await sql(`copy (select [cos(i), sin(i), i]::float[] as v, ${values}
    from range(3) t(i)) to '${path}'`);
}

async function kept(inputs: string[], out: string, keep: string[]) {
  await using source = await openRows(inputs, { column: "v" });
  const model = makeModel({ width: 3, atoms: 8 });
  await encode(model, source, { out, keep, ...CPU });
}

/** Values of a column in the order of rows as DuckDB writes them, and its type. */
async function read(file: string, name: string): Promise<string[]> {
  const [values, types] = await sql(
    `select "${name}"::varchar, typeof("${name}") from '${file}'`,
  );
  return [...values, ...types].map(String);
}

Deno.test("encode() keeps times, decimals and JSON to the last digit", () =>
  inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const out = join(directory, "codes.parquet");
    const names = Object.keys(VALUES);
    await write(rows, names.map((n) => `${VALUES[n]} as ${n}`).join(", "));
    await kept([rows], out, names);
    for (const name of names) {
      assert.deepEqual(await read(out, name), await read(rows, name), name);
    }
  }));

Deno.test("encode() keeps bytes so that a query finds each, whether they are text or not", () =>
  inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const out = join(directory, "codes.parquet");
    const values = ["'\\xFF\\x00'", "'abc'", "'\\x80'"];
    const list = values.map((value) => `${value}::BLOB`).join(", ");
    await write(rows, `([${list}])[i + 1] as k`);
    await kept([rows], out, ["k"]);
    for (const value of values) {
      const [count] = await sql(
        `select count(*) from '${out}' where k = ${value}::BLOB`,
      );
      assert.deepEqual(count, [1n], value);
    }
  }));

Deno.test("encode() keeps Arrow's times and whole numbers to the last digit", () =>
  inDirectory(async (directory) => {
    const big = [1704164645123456789n, -1n];
    const time = (type: arrow.DataType) =>
      arrow.makeVector(
        { type, data: new BigInt64Array(big) } as never,
      );
    const columns: Record<string, arrow.Vector> = {
      micros: time(new arrow.TimestampMicrosecond("UTC")),
      nanos: time(new arrow.TimestampNanosecond()),
      seconds: arrow.makeVector({
        type: new arrow.TimestampSecond(),
        data: BigInt64Array.of(1704164645n, -1n),
      } as never),
      u32: arrow.vectorFromArray([4294967295, 1], new arrow.Uint32()),
      u64: arrow.vectorFromArray([2n ** 64n - 1n, 1n], new arrow.Uint64()),
      i8: arrow.vectorFromArray([-128, 1], new arrow.Int8()),
      v: arrow.vectorFromArray(
        [[1, 2, 3], [3, 4, 5]] as never[],
        new arrow.FixedSizeList(
          3,
          new arrow.Field("item", new arrow.Float32(), true),
        ) as never,
      ),
    };
    const rows = join(directory, "rows.arrow");
    const table = new arrow.Table(columns as never);
    await Deno.writeFile(rows, arrow.tableToIPC(table, "file"));
    const out = join(directory, "codes.parquet");
    await kept([rows], out, Object.keys(columns).slice(0, -1));
    const [micros, nanos, ...rest] = await sql(`select epoch_us(micros),
      epoch_ns(nanos), typeof(micros), typeof(nanos), epoch(seconds)::bigint, u32, u64, i8,
      typeof(i8) from '${out}'`);
    assert.deepEqual(micros, big);
    assert.deepEqual(nanos, big);
    assert.deepEqual(rest, [
      ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"],
      ["TIMESTAMP_NS", "TIMESTAMP_NS"],
      [1704164645n, -1n],
      [4294967295, 1],
      [2n ** 64n - 1n, 1n],
      [-128, 1],
      ["TINYINT", "TINYINT"],
    ]);
  }));

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
    await write(files[0], "'x' || i as k");
    parquetWriteFile({
      filename: files[1],
      schema: [
        { name: "root", num_children: 2 },
        ...numberSchema("v", "FLOAT", true),
        {
          ...{ name: "k", repetition_type: "OPTIONAL", type: "INT32" },
          logical_type: { type: "NULL" },
        },
      ],
      columnData: [
        { name: "v", data: [[1, 2, 3], [3, 4, 5]] },
        { name: "k", data: [null, null] },
      ],
    });
    await kept(files, out, ["k"]);
    const [k] = await sql(`select k from '${out}'`);
    assert.deepEqual(k, ["x0", "x1", "x2", null, null]);
    const other = join(directory, "other.parquet");
    await assert.rejects(kept(files.toReversed(), other, ["k"]), {
      kind: "data",
      message: /Column is BYTE_ARRAY TEXT, .* INT32 NULL/,
    });
  }));

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
