import assert from "node:assert/strict";
import fc from "fast-check";
import { RowBuffers } from "../../../src/rows/buffers.ts";
import {
  type Piece,
  RangeFiller,
} from "../../../src/rows/workers/range_filler.ts";

const WIDTH = 3;
const RANGE = { start: 10, end: 30 };

/** Floats of rows, each value a row's number. */
function valuesOf({ start, end }: { start: number; end: number }): number[] {
  return Array.from(
    { length: (end - start) * WIDTH },
    (_, i) => start + Math.floor(i / WIDTH),
  );
}

Deno.test("RangeFiller puts pieces together, those in their place and those elsewhere, in any order of the two", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 11, max: 29 }), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(cuts, fc.array(fc.boolean()), (cuts, homes) => {
      const buffers = new RowBuffers(2 ** 20);
      const given: unknown[] = [];
      const give = buffers.give.bind(buffers);
      buffers.give = (rows) => {
        given.push(rows.buffer);
        give(rows);
      };
      const filler = new RangeFiller(RANGE, WIDTH, buffers);
      const home = new Float32Array(20 * WIDTH).fill(-1);
      const elsewhere: unknown[] = [];
      const ends = [...cuts.sort((a, b) => a - b), RANGE.end];
      let homeUsed = false;
      ends.forEach((end, i) => {
        assert.equal(filler.full, false);
        const rows = { start: ends[i - 1] ?? RANGE.start, end };
        // A group has one home for a range.
        const isHome = homes[i] === true && (!homeUsed || homes[i - 1]);
        homeUsed ||= isHome;
        const at = isHome ? (rows.start - RANGE.start) * WIDTH : WIDTH;
        const data = isHome ? home : new Float32Array(40 * WIDTH);
        data.set(valuesOf(rows), at);
        if (!isHome) elsewhere.push(data.buffer);
        const piece: Piece = {
          ...rows,
          data,
          at,
          home: isHome,
          last: true,
          dropped: rows.start === 10 ? [12] : [],
        };
        if (piece.end <= 12) piece.dropped = [];
        filler.add(piece);
      });
      assert.equal(filler.full, true);
      const block = filler.take();
      const dropped = ends[0] > 12;
      const all = valuesOf(RANGE);
      const kept = dropped ? all.toSpliced(2 * WIDTH, WIDTH) : all;
      assert.deepEqual([...block.data], kept);
      assert.equal(block.rows, dropped ? 19 : 20);
      // What is elsewhere is given back, once each.
      for (const buffer of elsewhere) {
        assert.equal(given.filter((one) => one === buffer).length, 1);
      }
      assert.ok(!given.includes(block.data.buffer));
    }),
    { seed: 2, numRuns: 500 },
  );
});
