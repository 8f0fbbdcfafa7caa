import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import { HeldOutRows, joinRowSets } from "../../src/pipeline/held_out.ts";
import { mixSources } from "../../src/pipeline/mixed_source.ts";
import { mergeReservoir, ReservoirDraw } from "../../src/pipeline/reservoir.ts";
import {
  readStoredRows,
  storedRows,
  StoredRowsWriter,
} from "../../src/pipeline/stored_rows.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { chooseRows } from "../../src/rows/row_set.ts";
import { randomStream } from "../../src/random.ts";
import type { BatchOptions, RowSource } from "../../src/rows/source.ts";
import { inDirectory } from "../directories.ts";

/** Rows of one dimension: row i holds first + i. */
function numbered(rows: number, first = 0): RowSource {
  return rowsFromArray(
    Float32Array.from({ length: rows }, (_, i) => first + i),
    1,
  );
}

async function valuesOf(
  source: RowSource,
  size: number | number[],
  options?: BatchOptions,
): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of source.batches(size, options)) {
    assert.equal(batch.data.length, batch.rows);
    batches.push([...batch.data]);
  }
  return batches;
}

Deno.test("HeldOutRows takes one of every twenty rows, and as many as it says", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 300 }),
      fc.string(),
      (rows, maxRows, name) => {
        const set = new HeldOutRows(7, name, rows, { share: 0.05, maxRows });
        const chosen = Array.from({ length: rows }, (_, row) => row)
          .filter((row) => set.has(row));
        assert.equal(chosen.length, set.size);
        assert(set.size <= maxRows);
        assert(set.size <= Math.ceil(rows / 20));
        if (rows / 20 <= maxRows) assert(set.size >= Math.floor(rows / 20));
      },
    ),
    { seed: 1 },
  );
});

Deno.test("HeldOutRows keeps its choice when the file grows, and takes another for another file", () => {
  const limit = { share: 0.05, maxRows: 16384 };
  const list = (name: string, rows: number) => {
    const set = new HeldOutRows(0, name, rows, limit);
    return Array.from({ length: 1000 }, (_, row) => row)
      .filter((row) => set.has(row));
  };
  assert.deepEqual(list("a", 1000), list("a", 2000));
  assert.notDeepEqual(list("a", 1000), list("b", 1000));
});

Deno.test("joinRowSets() holds every part's rows at its place", () => {
  const parts = [30, 0, 7, 50].map((rows, i) => ({
    rows,
    set: chooseRows(rows, Math.ceil(rows / 3), randomStream(i)),
  }));
  const joined = joinRowSets(parts);
  const expected: number[] = [];
  let start = 0;
  for (const { rows, set } of parts) {
    for (let row = 0; row < rows; row++) {
      if (set.has(row)) expected.push(start + row);
    }
    start += rows;
  }
  const order = Array.from({ length: start }, (_, row) => (row * 31) % start);
  const held = order.filter((row) => joined.has(row)).sort((a, b) => a - b);
  assert.deepEqual(held, expected);
  assert.equal(joined.size, expected.length);
});

Deno.test("mixSources() gives every batch rows of each part in proportion, each row once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 4 })
        .filter((rows) => rows.some((count) => count > 0)),
      fc.integer({ min: 1, max: 50 }),
      fc.option(fc.integer(), { nil: undefined }),
      async (counts, size, shuffleSeed) => {
        const parts = counts.map((rows, p) => ({
          source: numbered(rows, 1000 * p),
          rows,
        }));
        const total = counts.reduce((a, b) => a + b);
        const mixed = mixSources(parts);
        const batches = await valuesOf(mixed, size, { shuffleSeed });
        const sorted = batches.flat().sort((a, b) => a - b);
        const all = counts.flatMap((rows, p) =>
          Array.from({ length: rows }, (_, row) => 1000 * p + row)
        );
        assert.deepEqual(sorted, all);
        assert.deepEqual(mixed.delivered, counts);
        for (const batch of batches) {
          for (const [p, rows] of counts.entries()) {
            const here = batch.filter((value) =>
              Math.floor(value / 1000) === p
            ).length;
            const due = batch.length * rows / total;
            assert(Math.abs(here - due) < 2.001, `${here} of ${due}`);
          }
        }
        for (const batch of batches.slice(0, -1)) {
          assert.equal(batch.length, size);
        }
      },
    ),
    { numRuns: 40, seed: 3 },
  );
});

Deno.test("mixSources() honours what each part leaves out, ranges, row sets and skipped rows", async () => {
  const except = chooseRows(40, 10, randomStream(1));
  const only = chooseRows(30, 12, randomStream(2));
  const parts = [
    { source: numbered(40), except, rows: 30 },
    { source: numbered(30, 100), only, rows: 12 },
  ];
  const mixed = mixSources(parts);
  const all = (await valuesOf(mixed, 7)).flat();
  assert.equal(all.length, 42);
  assert(
    all.every((value) =>
      value < 40 ? !except.has(value) : only.has(value - 100)
    ),
  );
  const skipped = (await valuesOf(mixed, 7, { skipRows: 14 })).flat();
  assert.deepEqual(skipped, all.slice(14));
  // Joint row numbers: the first source's 40, then the second's 30.
  const range = { start: 20, end: 50 };
  const within = (await valuesOf(mixed, 4, { range })).flat();
  assert.deepEqual(
    new Set(within),
    new Set(all.filter((value) => value < 40 ? value >= 20 : value < 110)),
  );
  const chosen = chooseRows(70, 35, randomStream(4));
  const taken = (await valuesOf(mixed, 4, { only: chosen })).flat();
  const left = (await valuesOf(mixed, 4, { except: chosen })).flat();
  assert.deepEqual(
    [...taken, ...left].sort((a, b) => a - b),
    [...all].sort((a, b) => a - b),
  );
  assert.deepEqual(
    [...await mixed.read({ start: 38, end: 42 })],
    [38, 39, 100, 101],
  );
});

Deno.test("StoredRowsWriter keeps rows, takes them back, and storedRows() delivers them", () =>
  inDirectory(async (folder) => {
    const path = join(folder, "rows.f32");
    const writer = await StoredRowsWriter.create(path, 2);
    await writer.append(Float32Array.of(1, 2, 3, 4, 5, 6));
    await writer.truncate(1);
    await writer.append(Float32Array.of(7, 8));
    await writer.close();
    const source = storedRows(path, 2, 2);
    assert.deepEqual([...await source.read({ start: 0, end: 2 })], [
      1,
      2,
      7,
      8,
    ]);
    const batches: number[][] = [];
    for await (const { data } of source.batches(1)) batches.push([...data]);
    assert.deepEqual(batches, [[1, 2], [7, 8]]);
    await assert.rejects(
      readStoredRows(path, 2, { start: 0, end: 3 }),
      /missing/,
    );
  }));

/** Offers files to a reservoir in the order given, merging after each, and returns what it holds. */
async function reservoirAfter(
  folder: string,
  files: { name: string; rows: number }[],
  capacity: number,
): Promise<string[]> {
  let slots: { slot: number; file: string; row: number; key: number }[] = [];
  let path: string | undefined;
  for (const [i, { name, rows }] of files.entries()) {
    const spoolPath = join(folder, "spool.f32");
    const spool = await StoredRowsWriter.create(spoolPath, 1);
    const largest = Math.max(...slots.map(({ key }) => key));
    const threshold = slots.length < capacity ? Infinity : largest;
    const draw = new ReservoirDraw(spool, capacity, threshold, 5);
    draw.begin("bad");
    await draw.offer(0, Float32Array.of(-1));
    await draw.reject();
    draw.begin(name);
    const base = name.charCodeAt(0) * 1000;
    for (let row = 0; row < rows; row++) {
      await draw.offer(row, Float32Array.of(base + row));
    }
    draw.accept();
    await spool.close();
    const next = join(folder, `reservoir-${i}.f32`);
    const merged = await mergeReservoir(
      { slots: slots as never, path, width: 1 },
      draw,
      spoolPath,
      next,
    );
    slots = merged.map((row, slot) => ({
      slot,
      ...row,
      file: String(row.file),
    }));
    path = next;
  }
  const values = await readStoredRows(path!, 1, {
    start: 0,
    end: slots.length,
  });
  return slots.map(({ file, row }, slot) => {
    assert.equal(values[slot], file.charCodeAt(0) * 1000 + row);
    return `${file}${row}`;
  }).sort();
}

Deno.test("the reservoir is the same sample of all rows whatever the order they came in", () =>
  inDirectory(async (folder) => {
    const files = [
      { name: "a", rows: 50 },
      { name: "b", rows: 7 },
      { name: "c", rows: 90 },
    ];
    const held = await reservoirAfter(folder, files, 20);
    assert.equal(held.length, 20);
    assert.deepEqual(
      await reservoirAfter(folder, files.toReversed(), 20),
      held,
    );
    assert.equal((await reservoirAfter(folder, files, 200)).length, 147);
    assert.deepEqual(await reservoirAfter(folder, files, 0), []);
  }));

Deno.test("the reservoir holds every file's rows in proportion", () =>
  inDirectory(async (folder) => {
    const files = Array.from({ length: 10 }, (_, i) => ({
      name: String.fromCharCode(97 + i),
      rows: 300,
    }));
    const held = await reservoirAfter(folder, files, 600);
    for (const { name } of files) {
      const count = held.filter((row) => row.startsWith(name)).length;
      // 60 expected of each; the hypergeometric deviation is about 6.6.
      assert(Math.abs(count - 60) < 27, `${name}: ${count}`);
    }
  }));
