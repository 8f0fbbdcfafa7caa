import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { openRows } from "../../../src/rows/open.ts";
import { inDirectory } from "../../directories.ts";
import { delivered, rowsOf, withRows } from "../files.ts";

const WIDTH = 3;
const value = fc.integer({ min: -64, max: 64 }).map((n) => n / 4);
const row = fc.array(value, { minLength: WIDTH, maxLength: WIDTH });
const anyRow = fc.oneof(
  { weight: 8, arbitrary: row },
  fc.constant(null),
  fc.array(value, { maxLength: 5 }),
  fc.array(fc.option(value), { minLength: WIDTH, maxLength: WIDTH }),
);

const item = (type: arrow.DataType) => new arrow.Field("item", type, true);
const NUMBERS = {
  Float16: new arrow.Float16(),
  Float32: new arrow.Float32(),
  Float64: new arrow.Float64(),
};

function vectorOf(values: readonly unknown[], type: arrow.DataType) {
  return arrow.vectorFromArray(values as never[], type as never);
}

/** Writes batches of a column with ids and words beside it; apache-arrow decides how they lie. */
async function write(
  file: string,
  batches: readonly (readonly unknown[])[],
  type: arrow.DataType,
  format: "file" | "stream",
) {
  let id = 0;
  // Its files cannot replace a dictionary, which concat() makes for every batch.
  const word = format === "file"
    ? new arrow.Utf8()
    : new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
  const tables = batches.map((values) => {
    const ids = values.map(() => id++);
    return new arrow.Table({
      id: vectorOf(ids.map(BigInt), new arrow.Int64()),
      v: vectorOf(values, type),
      word: vectorOf(ids.map((n) => n % 5 === 4 ? null : `w${n % 3}`), word),
    });
  });
  const [first, ...others] = tables;
  const table = first.concat(...others);
  await Deno.writeFile(file, arrow.tableToIPC(table, format));
  return arrow.tableFromIPC(await Deno.readFile(file));
}

const good = (row: unknown): row is number[] =>
  Array.isArray(row) && row.length === WIDTH && !row.includes(null);

/** A list as apache-arrow reads it: plain numbers. */
const plain = (list: unknown): unknown =>
  list === null || typeof list === "number"
    ? list
    : Array.from(list as Iterable<unknown>, plain);

Deno.test("openRows() reads what apache-arrow reads of lists, whatever they hold", () =>
  inDirectory((directory) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyRow, { minLength: 1, maxLength: 12 }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.constantFrom(...Object.values(NUMBERS)),
        fc.constantFrom("file" as const, "stream" as const),
        async (batches, number, format) => {
          const all = batches.flat();
          fc.pre(all.some(good) && all.filter(good).length * 2 > all.length);
          const file = `${directory}/rows.arrow`;
          const list = new arrow.List(item(number));
          const table = await write(file, batches, list, format);
          const reported = [...table.getChild("v")!].map(plain);
          await withRows(file, { skipInvalid: true }, async (source) => {
            assert.equal(source.width, WIDTH);
            const { rows, values } = await delivered(source, 5);
            assert.deepEqual(values, reported.filter(good));
            assert.deepEqual(
              rows,
              reported.flatMap((row, i) => good(row) ? [i] : []),
            );
            const [ids, words] = await source.readColumns!(["id", "word"], {
              start: 0,
              end: source.rowCount,
            });
            assert.deepEqual(ids.values, [...table.getChild("id")!]);
            assert.deepEqual(words.values, [...table.getChild("word")!]);
          });
        },
      ),
      { numRuns: 60 },
    )
  ));

Deno.test("openRows() reads what apache-arrow reads of lists of lists and of fixed-size lists", () =>
  inDirectory((directory) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.array(fc.option(fc.array(row, { maxLength: 4 })), {
            minLength: 1,
            maxLength: 8,
          }),
          { minLength: 1, maxLength: 3 },
        ),
        fc.boolean(),
        fc.constantFrom("file" as const, "stream" as const),
        async (batches, fixed, format) => {
          fc.pre(batches.flat().some((text) => text && text.length > 0));
          const file = `${directory}/texts.arrow`;
          const number = item(new arrow.Float32());
          const inner = fixed
            ? new arrow.FixedSizeList(WIDTH, number)
            : new arrow.List(number);
          const list = new arrow.List(item(inner));
          const table = await write(file, batches, list, format);
          const texts = [...table.getChild("v")!].map(
            plain,
          ) as (number[][] | null)[];
          await withRows(file, {}, async (source) => {
            const { values } = await delivered(source, 4);
            assert.deepEqual(values, texts.flatMap((text) => text ?? []));
            const range = { start: 0, end: source.rowCount };
            const { rows, items } = await source.readItems!(range);
            const places = texts.flatMap((text, t) =>
              (text ?? []).map((_, i) => [t, i])
            );
            assert.deepEqual([...rows], places.map(([t]) => t));
            assert.deepEqual([...items], places.map(([, i]) => i));
          });
        },
      ),
      { numRuns: 60 },
    )
  ));

Deno.test("Damaged Arrow data ends in rows or in an error of its file", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/damaged.arrow`;
    const batches = [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9]]];
    const type = new arrow.List(item(new arrow.Float32()));
    await write(file, batches, type, "file");
    const bytes = await Deno.readFile(file);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = bytes.slice();
          damaged[at] ^= change;
          await Deno.writeFile(file, damaged);
          await rowsOf(file, { skipInvalid: true }).catch((error) => {
            assert.equal(error.name, "DbksvdError", error.stack);
            assert.equal(error.kind, "data");
          });
        },
      ),
      { numRuns: 300 },
    );
  }));

Deno.test("Two columns of one name are refused where that name is asked for, and only there", () =>
  inDirectory(async (directory) => {
    const lists = new arrow.List(new arrow.Field("item", new arrow.Float32()));
    const columns = [
      ["v", vectorOf([[1, 2], [3, 4]], lists)],
      ["v", vectorOf([[5, 6], [7, 8]], lists)],
      ["w", vectorOf([[9, 1], [9, 2]], lists)],
      ["n", vectorOf([1, 2], new arrow.Int32())],
      ["n", vectorOf([3, 4], new arrow.Int32())],
    ] as [string, arrow.Vector][];
    const fields = columns.map(([name, { type }]) =>
      new arrow.Field(name, type, true)
    );
    const struct = arrow.makeData({
      type: new arrow.Struct(fields),
      length: 2,
      nullCount: 0,
      children: columns.map(([, { data }]) => data[0]),
    });
    const batch = new arrow.RecordBatch(new arrow.Schema(fields), struct);
    const file = `${directory}/twice.arrow`;
    await Deno.writeFile(file, arrow.tableToIPC(new arrow.Table([batch])));
    const twice = /Two columns have the same name .*column "(v|n)"/;
    await assert.rejects(openRows(file, { column: "v" }), twice);
    await using source = await openRows(file, { column: "w" });
    assert.deepEqual(
      [...await source.read({ start: 0, end: 2 })],
      [9, 1, 9, 2],
    );
    await assert.rejects(
      source.readColumns!(["n"], { start: 0, end: 2 }),
      twice,
    );
  }));
