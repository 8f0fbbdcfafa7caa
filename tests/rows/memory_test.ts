import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { chooseRows } from "../../src/rows/row_set.ts";
import type { BatchOptions, RowSource } from "../../src/rows/source.ts";

const ROWS = 10_000;
const WIDTH = 3;

function numbered(rows = ROWS): RowSource {
  const data = new Float32Array(rows * WIDTH);
  for (let i = 0; i < data.length; i++) data[i] = i;
  return rowsFromArray(data, WIDTH);
}

async function rowsOf(
  source: RowSource,
  size: number | number[],
  options?: BatchOptions,
): Promise<{ rows: number[]; sizes: number[] }> {
  const rows: number[] = [];
  const sizes: number[] = [];
  for await (const batch of source.batches(size, options)) {
    sizes.push(batch.rows);
    assert.equal(batch.data.length, batch.rows * WIDTH);
    for (let i = 0; i < batch.rows; i++) {
      const row = batch.rowNumbers?.[i] ?? batch.firstRow + i;
      assert.equal(batch.data[i * WIDTH + 2], row * WIDTH + 2);
      rows.push(row);
    }
  }
  return { rows, sizes };
}

const everyRow = Array.from({ length: ROWS }, (_, i) => i);

Deno.test("batches() delivers every row in stored order", async () => {
  const { rows, sizes } = await rowsOf(numbered(), 4000);
  assert.deepEqual(rows, everyRow);
  assert.deepEqual(sizes, [4000, 4000, 2000]);
});

Deno.test("batches() takes a list of sizes and repeats the last", async () => {
  const { sizes } = await rowsOf(numbered(), [1000, 7000, 600]);
  assert.deepEqual(sizes, [1000, 7000, 600, 600, 600, 200]);
});

Deno.test("batches() delivers only or all but a set, in a range", async () => {
  const held = chooseRows(ROWS, 1000, randomStream(1, "test"));
  const range = { start: 100, end: 9000 };
  const only = await rowsOf(numbered(), 300, { only: held, range });
  const rest = await rowsOf(numbered(), 300, { except: held, range });
  assert.deepEqual(
    only.rows,
    everyRow.slice(100, 9000).filter((r) => held.has(r)),
  );
  assert.deepEqual(
    rest.rows,
    everyRow.slice(100, 9000).filter((r) => !held.has(r)),
  );
});

Deno.test("batches() shuffles: each row once, the seed decides", async () => {
  const first = await rowsOf(numbered(), 900, { shuffleSeed: 5 });
  const again = await rowsOf(numbered(), 700, { shuffleSeed: 5 });
  const other = await rowsOf(numbered(), 900, { shuffleSeed: 6 });
  assert.deepEqual(again.rows, first.rows);
  assert.notDeepEqual(other.rows, first.rows);
  assert.deepEqual(first.rows.toSorted((a, b) => a - b), everyRow);
  const kept = first.rows.filter((row, i) => row === i).length;
  assert.ok(kept < 20, `${kept} rows stayed in place`);
});

Deno.test("batches() skips rows from the front of any delivery", async () => {
  const except = chooseRows(ROWS, 2000, randomStream(2, "test"));
  for (const options of [{}, { except }, { shuffleSeed: 3, except }]) {
    const all = await rowsOf(numbered(), 512, options);
    const late = await rowsOf(numbered(), 512, { ...options, skipRows: 3333 });
    assert.deepEqual(late.rows, all.rows.slice(3333));
  }
});

Deno.test("chooseRows() takes as many distinct rows as asked, by seed", () => {
  const chosen = chooseRows(1000, 400, randomStream(0, "held out"));
  const again = chooseRows(1000, 400, randomStream(0, "held out"));
  const list = everyRow.filter((row) => chosen.has(row));
  assert.equal(list.length, 400);
  assert.equal(chosen.size, 400);
  assert.ok(list.every((row) => row < 1000 && again.has(row)));
  assert.equal(chooseRows(10, 10, randomStream(0, "all")).size, 10);
});

Deno.test("rowsFromArray() refuses ragged and non-finite data", () => {
  assert.throws(() => rowsFromArray(new Float32Array(7), 2), DbksvdError);
  assert.throws(
    () => rowsFromArray(new Float32Array([1, 2, 3, NaN]), 2),
    (error: DbksvdError) => error.kind === "data" && error.where?.row === 1,
  );
});

Deno.test("batches() puts rows into buffers that the consumer is done with", async () => {
  const width = 3, rows = 40;
  const data = Float32Array.from({ length: rows * width }, (_, i) => i);
  const source = rowsFromArray(data, width);
  const deliver = async (reuse: boolean) => {
    const copies: number[][] = [], buffers = new Set<ArrayBuffer>();
    const options = { shuffleSeed: 1 };
    for await (const batch of source.batches([16, 16, 8], options)) {
      copies.push([...batch.data]);
      buffers.add(batch.data.buffer);
      if (reuse) batch.release?.();
    }
    return { copies, buffers: buffers.size };
  };
  const fresh = await deliver(false), reused = await deliver(true);
  assert.deepEqual(reused.copies, fresh.copies);
  assert.equal(fresh.buffers, 3);
  assert.equal(reused.buffers, 2);
});

Deno.test("batches() lends rows in memory to a consumer that only reads them", async () => {
  const data = new Float32Array(100000 * 4).map((_, i) => i % 7);
  const source = rowsFromArray(data, 4);
  let read = 0;
  for await (const batch of source.batches(50000, { borrow: true })) {
    assert.equal(batch.data.buffer, data.buffer);
    read += batch.rows;
  }
  assert.equal(read, 100000);
  for await (const batch of source.batches(50000)) {
    assert.notEqual(batch.data.buffer, data.buffer);
  }
});
