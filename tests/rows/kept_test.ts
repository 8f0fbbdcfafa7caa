import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileAtomically } from "../../src/files/atomic.ts";
import { npyParts } from "../../src/files/npy.ts";
import { keepRows } from "../../src/rows/kept.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import { RowBits } from "../../src/rows/row_set.ts";
import type { BatchOptions, RowSource } from "../../src/rows/source.ts";
import { inDirectory } from "../directories.ts";

const WIDTH = 4, ROWS = 1000;

async function delivered(source: RowSource, options: BatchOptions) {
  const rows: number[] = [], values: number[] = [];
  for await (const batch of source.batches([7, 300], options)) {
    for (let i = 0; i < batch.rows; i++) {
      rows.push(batch.rowNumbers?.[i] ?? batch.firstRow + i);
    }
    values.push(...batch.data.subarray(0, batch.rows * WIDTH));
  }
  return { rows, values };
}

async function withRows(
  bad: readonly number[],
  use: (source: RowSource) => Promise<void>,
) {
  await inDirectory(async (directory) => {
    const data = Float32Array.from(
      { length: ROWS * WIDTH },
      (_, i) => bad.includes(Math.floor(i / WIDTH)) ? NaN : Math.sin(i),
    );
    const path = join(directory, "rows.npy");
    await writeFileAtomically(path, npyParts(data, [ROWS, WIDTH]));
    await using source = await openRows([path], { skipInvalid: true });
    await use(source);
  });
}

Deno.test("kept rows are delivered as their source delivers them, whatever was dropped", async () => {
  const only = new RowBits(ROWS);
  for (let row = 0; row < ROWS; row += 3) only.add(row);
  for (const bad of [[], [0, 1, 7, 500, 999]]) {
    await withRows(bad, async (source) => {
      const kept = await keepRows(source);
      assert.equal(kept.rows, ROWS - bad.length);
      assert.equal(kept.source.rowCount, ROWS);
      assert.equal(kept.source.dropped.invalid ?? 0, bad.length);
      assert.deepEqual(kept.source.files, source.files);
      assert.deepEqual(
        await kept.source.fingerprints!(),
        await source.fingerprints!(),
      );
      const options: BatchOptions[] = [
        {},
        { shuffleSeed: 3 },
        { only },
        { except: only, shuffleSeed: 1, skipRows: 20 },
        { range: { start: 5, end: 600 } },
      ];
      for (const one of options) {
        assert.deepEqual(
          await delivered(kept.source, one),
          await delivered(source, one),
        );
      }
      const range = { start: 2, end: 9 };
      assert.deepEqual(await kept.source.read(range), await source.read(range));
    });
  }
});

Deno.test("kept rows may be changed by who gets them, unless they are only borrowed", async () => {
  // Batches of this size are delivered as they are read.
  const rows = 20_000;
  const data = Float32Array.from({ length: rows * WIDTH }, (_, i) => i % 5);
  const { source: kept } = await keepRows(rowsFromArray(data, WIDTH));
  for await (const batch of kept.batches(rows)) batch.data.fill(7);
  for await (const batch of kept.batches(rows)) {
    assert.deepEqual(batch.data.subarray(0, data.length), data);
  }
});
