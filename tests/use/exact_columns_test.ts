// Columns that pass through an encoding hold what they held, to the last digit.
import * as arrow from "apache-arrow";
import type { SchemaElement } from "hyparquet";
import { parquetWriteFile } from "hyparquet-writer";
import assert from "node:assert/strict";
import { join } from "node:path";
import { openRows } from "../../src/rows/open.ts";
import { encode } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { changeFooter } from "../rows/footers.ts";
import { sql } from "../rows/writers.ts";
import { CPU } from "./helpers.ts";
import { kept, MOMENT, read, write } from "./kept_rows.ts";

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
  text: "chr(65279) || 'ä' || i",
  words: "MAP {'b': i, 'a': 2, '10': 3, '9': 4}",
  numbers: `MAP {10: ${MOMENT}, 2: NULL}`,
  maps:
    "CASE i WHEN 0 THEN NULL WHEN 1 THEN MAP {} ELSE MAP {'k': [MAP {3: 1.5, 1: NULL}]} END",
};

/** Rows with a column that DuckDB does not write so, without missing values. */
function writeColumn(
  path: string,
  element: Pick<SchemaElement, "type" | "converted_type" | "type_length">,
  values: unknown[],
) {
  parquetWriteFile({
    filename: path,
    schema: [
      { name: "root", num_children: 2 },
      {
        name: "v",
        repetition_type: "REQUIRED",
        num_children: 1,
        converted_type: "LIST",
      },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", repetition_type: "REQUIRED", type: "FLOAT" },
      { name: "k", repetition_type: "REQUIRED", ...element },
    ],
    columnData: [
      { name: "v", data: values.map((_, i) => [i, 1, 2]) },
      { name: "k", data: values },
    ],
  });
}

// Eight bytes of nanoseconds and four of a Julian day.
async function writeTimes(path: string, nanos: bigint[]) {
  const day = 86_400_000_000_000n;
  const bytes = nanos.map((time) => {
    const within = (time % day + day) % day;
    const view = new DataView(new ArrayBuffer(12));
    view.setBigUint64(0, within, true);
    view.setInt32(8, Number((time - within) / day) + 2440588, true);
    return new Uint8Array(view.buffer);
  });
  const type = { type: "FIXED_LEN_BYTE_ARRAY", type_length: 12 } as const;
  writeColumn(path, type, bytes);
  await changeFooter(path, (footer) => {
    const element = footer.field_2.at(-1);
    element.field_1 = 3;
    delete element.field_2;
    const chunk = footer.field_4[0].field_1.at(-1).field_3;
    chunk.field_1 = 3;
    delete chunk.field_12;
  });
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

Deno.test("encode() keeps times of 96 bits in nanoseconds, and refuses those that are beyond them", () =>
  inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const out = join(directory, "codes.parquet");
    await writeTimes(rows, [1704164645123456789n, -1n]);
    await kept([rows], out, ["k"]);
    await using source = await openRows([out], { column: "values" });
    const [k] = await source.readColumns!(["k"], { start: 0, end: 2 }, true);
    assert.deepEqual(k.values, [1704164645123456789n, -1n]);
    const [types] = await sql(`select typeof(k) from '${out}'`);
    assert.match(String(types[0]), /^TIMESTAMP/);
    await Deno.remove(out);
    await writeTimes(rows, [0n, 2n ** 64n]);
    await assert.rejects(kept([rows], out, ["k"]), {
      kind: "data",
      message: /INT96 is before 1678 or after 2261 .*rows\.parquet.*"k"/s,
    });
  }));

Deno.test("encode() keeps the bytes of what is marked as text and is none", () =>
  inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const out = join(directory, "codes.parquet");
    const values = [[255, 97], [98], [195]].map((b) => Uint8Array.from(b));
    const text = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
    writeColumn(rows, text, values);
    await kept([rows], out, ["k"]);
    await using source = await openRows([out], { column: "values" });
    const [k] = await source.readColumns!(["k"], { start: 0, end: 3 }, true);
    assert.equal((k.schema[0] as SchemaElement).converted_type, "UTF8");
    assert.deepEqual(k.values, values);
  }));

Deno.test("encode() keeps a column that misses values in a later file only", () =>
  inDirectory(async (directory) => {
    const files = ["a", "b"].map((name) => join(directory, `${name}.parquet`));
    const out = join(directory, "codes.parquet");
    writeColumn(files[0], { type: "INT64" }, [1n, 2n]);
    await write(files[1], "CASE i WHEN 1 THEN NULL ELSE 7::BIGINT END as k");
    await kept(files, out, ["k"]);
    const [values] = await sql(`select k from '${out}'`);
    assert.deepEqual(values, [1n, 2n, 7n, null, 7n]);
  }));

Deno.test("encode() looks at the columns to keep of all files before it codes", () =>
  inDirectory(async (directory) => {
    const files = ["a", "b"].map((name) => join(directory, `${name}.parquet`));
    const out = join(directory, "codes.parquet");
    await write(files[0], "1.5::FLOAT as k");
    await write(files[1], "0.1::DOUBLE as k");
    await using source = await openRows(files, { column: "v" });
    let coded = 0;
    const watched = {
      ...source,
      batches: (...asked: Parameters<typeof source.batches>) => {
        coded++;
        return source.batches(...asked);
      },
    };
    const model = makeModel({ width: 3, atoms: 8 });
    await assert.rejects(encode(model, watched, { out, keep: ["k"], ...CPU }), {
      message: /Column is DOUBLE, in .*a\.parquet it is FLOAT/,
    });
    assert.equal(coded, 0);
  }));

Deno.test("encode() names the type of an Arrow column that it cannot keep", () =>
  inDirectory(async (directory) => {
    const rows = join(directory, "rows.arrow");
    const list = new arrow.FixedSizeList(
      3,
      new arrow.Field("item", new arrow.Float32(), true),
    );
    const table = new arrow.Table({
      v: arrow.vectorFromArray([[1, 2, 3]] as never[], list as never),
      t: arrow.vectorFromArray([1], new arrow.TimeSecond()),
    } as never);
    await Deno.writeFile(rows, arrow.tableToIPC(table, "file"));
    await assert.rejects(kept([rows], join(directory, "c.parquet"), ["t"]), {
      kind: "data",
      message: /Column is of Arrow's type time, .*"t"/s,
    });
  }));
