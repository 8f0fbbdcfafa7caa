import assert from "node:assert/strict";
import type { BlockStore, RowRange } from "../../src/rows/block_store.ts";
import { deliver } from "../../src/rows/delivery.ts";
import type { BatchOptions } from "../../src/rows/source.ts";

const ROWS = 240, WIDTH = 4, BLOCK = 10;

/** Blocks of ten rows; a third of them are found to be unfit when they are read. */
const store: BlockStore = {
  width: WIDTH,
  rowCount: ROWS,
  mayDrop: true,
  blocks: () =>
    Promise.resolve(
      Array.from({ length: ROWS / BLOCK }, (_, b) => ({
        start: b * BLOCK,
        end: (b + 1) * BLOCK,
      })),
    ),
  async *stream(ranges: Iterable<RowRange>) {
    for (const { start, end } of ranges) {
      const kept = Array.from({ length: end - start }, (_, i) => start + i)
        .filter((row) => row % 3 !== 0);
      const data = new Float32Array(kept.length * WIDTH);
      kept.forEach((row, i) => data.fill(row, i * WIDTH, (i + 1) * WIDTH));
      await Promise.resolve();
      yield {
        start,
        rows: kept.length,
        data,
        rowNumbers: Float64Array.from(kept),
      };
    }
  },
};

async function rowsOf(source: BlockStore, options: BatchOptions) {
  const rows: number[] = [];
  for await (const batch of deliver(source, 7, options)) {
    for (let i = 0; i < batch.rows; i++) {
      assert.equal(batch.data[i * WIDTH], batch.rowNumbers![i]);
      rows.push(batch.rowNumbers![i]);
    }
  }
  return rows;
}

for (const mayDrop of [true, false]) {
  const what = mayDrop ? "rows that filters drop" : "rows that are held out";
  Deno.test(`a shuffled delivery goes on where it stopped, over many windows, beside ${what}`, async () => {
    const heldOut = { size: 60, has: (row: number) => row % 4 === 1 };
    const fixed: BlockStore = mayDrop ? store : {
      ...store,
      mayDrop,
      async *stream(ranges) {
        for (const { start, end } of ranges) {
          const data = Float32Array.from(
            { length: (end - start) * WIDTH },
            (_, i) => start + Math.floor(i / WIDTH),
          );
          await Promise.resolve();
          yield { start, rows: end - start, data };
        }
      },
    };
    const options = {
      shuffleSeed: 3,
      except: heldOut,
      // Three blocks a window: eight windows.
      windowBytes: 3 * BLOCK * WIDTH * 4,
    };
    const all = await rowsOf(fixed, options);
    assert.equal(new Set(all).size, all.length);
    assert.equal(all.length, mayDrop ? 120 : 180);
    for (const skipRows of [1, 14, 15, 16, 40, 77, all.length - 1]) {
      const rest = await rowsOf(fixed, { ...options, skipRows });
      assert.deepEqual(rest, all.slice(skipRows), `after ${skipRows}`);
    }
  });
}
