import assert from "node:assert/strict";
import fc from "fast-check";
import type { RowRange } from "../../../src/rows/block_store.ts";
import type { Part, PartJob } from "../../../src/rows/part.ts";
import { Preparation } from "../../../src/rows/prepare.ts";
import { PartStore } from "../../../src/rows/store.ts";
import type { DecodeRequest } from "../../../src/rows/workers/messages.ts";
import { streamThroughWorkers } from "../../../src/rows/workers/stream.ts";

/**
 * Half a megabyte a row, so that a few rows are as much as a message takes; only a row's first value is ever looked
 * at.
 */
const WIDTH = 2 ** 17;

/** Rows in pages of one length. A row's first value is its number; every `badEvery`-th holds no number. */
interface Shape {
  parts: { rows: number; pageRows: number }[];
  ranges: RowRange[];
  workers: number;
  badEvery: number;
  irregular: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  parts: fc.array(
    fc.record({
      rows: fc.integer({ min: 1, max: 60 }),
      pageRows: fc.integer({ min: 1, max: 40 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  size: fc.integer({ min: 1, max: 70 }),
  gap: fc.constantFrom(0, 0, 3),
  workers: fc.integer({ min: 1, max: 3 }),
  badEvery: fc.constantFrom(5, 1000),
  irregular: fc.integer({ min: 0, max: 8 }),
}).map(({ size, gap, ...shape }) => {
  const total = shape.parts.reduce((sum, { rows }) => sum + rows, 0);
  const ranges: RowRange[] = [];
  for (let start = 0; start < total; start += size + gap) {
    ranges.push({ start, end: Math.min(total, start + size) });
  }
  return { ...shape, ranges };
});

/** A store of such rows, which notes the ends of the jobs that it is asked for. */
function storeOf(shape: Shape): PartStore {
  let firstRow = 0;
  const placed = shape.parts.map(({ rows, pageRows }, i) => {
    const first = firstRow;
    firstRow += rows;
    return {
      part: fakePart(first, rows, pageRows, i === shape.irregular, shape),
      firstRow: first,
      fileRow: 0,
      place: { file: "rows" },
    };
  });
  const preparation = new Preparation({ skipInvalid: true }, [], firstRow);
  return new PartStore(
    placed,
    WIDTH,
    firstRow,
    preparation,
    undefined,
    2 ** 26,
  );
}

function fakePart(
  first: number,
  rows: number,
  pageRows: number,
  irregular: boolean,
  { badEvery }: Shape,
): Part {
  return {
    rows,
    irregular,
    blocks: () => Promise.resolve([{ start: 0, end: rows }]),
    read: ({ start, end }, out) => {
      const bad = fill(out, first + start, end - start, badEvery);
      const faults = bad.map((row) => ({
        row: start + row,
        why: "not finite",
      }));
      return Promise.resolve(faults);
    },
    job: (start, least, end) => {
      const stop = Math.min(end, Math.ceil(least / pageRows) * pageRows);
      const spec = {
        columns: [],
        width: WIDTH,
        startRow: first + start,
        endRow: first + stop,
      };
      const source = { localPath: "rows" } as PartJob["source"];
      const cost = (stop - start) * WIDTH * 4;
      return Promise.resolve({ start, end: stop, spec, cost, source });
    },
  };
}

function fill(
  out: Float32Array,
  first: number,
  rows: number,
  badEvery: number,
): number[] {
  const bad: number[] = [];
  for (let i = 0; i < rows; i++) {
    const lost = (first + i) % badEvery === 0;
    out[i * WIDTH] = lost ? NaN : first + i;
    if (lost) bad.push(i);
  }
  return bad;
}

/** Decodes such rows here and now. */
function fakePool({ workers, badEvery }: Shape) {
  return {
    size: workers,
    run: ({ jobs, buffers }: DecodeRequest) =>
      Promise.resolve({
        buffers,
        outcomes: jobs.map(({ spec, slices }) => {
          const bad: number[] = [];
          let row = spec.startRow;
          for (const { rows, buffer, at } of slices) {
            const out = buffers[buffer].subarray(at, at + rows * WIDTH);
            assert.equal(out.length, rows * WIDTH);
            for (const lost of fill(out, row, rows, badEvery)) {
              bad.push(row + lost - spec.startRow);
            }
            row += rows;
          }
          assert.equal(row, spec.endRow);
          return { bad };
        }),
      }),
  };
}

Deno.test("streamThroughWorkers() puts every row into its range, whatever pages, parts and ranges are", () =>
  fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const store = storeOf(shape);
      let r = 0;
      const blocks = streamThroughWorkers(
        store,
        fakePool(shape),
        shape.ranges,
        2 ** 26,
      );
      for await (const { start, rows, data, rowNumbers } of blocks) {
        const range = shape.ranges[r++];
        assert.equal(start, range.start);
        const expected: number[] = [];
        for (let row = range.start; row < range.end; row++) {
          if (row % shape.badEvery !== 0) expected.push(row);
        }
        assert.equal(data.length, rows * WIDTH);
        const numbers = Array.from({ length: rows }, (_, i) => data[i * WIDTH]);
        assert.deepEqual(numbers, expected);
        if (rowNumbers !== undefined) {
          assert.deepEqual([...rowNumbers], numbers);
        }
        // As a consumer does that is done with them.
        store.buffers.give(data);
      }
      assert.equal(r, shape.ranges.length);
    }),
    { seed: 4, numRuns: 60 },
  ));
