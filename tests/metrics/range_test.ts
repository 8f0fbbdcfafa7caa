import assert from "node:assert/strict";
import fc from "fast-check";
import { createRangeHistograms } from "../../src/metrics/range.ts";

Deno.test("createRangeHistograms() counts as if the final range had been known", () => {
  const value = fc.float({ min: -(2 ** 40), max: 2 ** 40, noNaN: true });
  const added = fc.array(fc.tuple(fc.nat(2), value), { maxLength: 60 });
  fc.assert(
    fc.property(added, (entries) => {
      const histograms = createRangeHistograms(3, 8);
      for (const [which, value] of entries) histograms.add(which, value);
      for (let which = 0; which < 3; which++) {
        const values = entries.filter(([to]) => to === which)
          .map(([, value]) => value);
        const limit = histograms.limits[which];
        const expected = new Array(8).fill(0);
        for (const value of values) {
          assert.ok(Math.abs(value) < limit);
          expected[4 + Math.floor(value / limit * 4)]++;
        }
        const counts = histograms.counts.subarray(8 * which, 8 * which + 8);
        assert.deepEqual([...counts], expected);
      }
    }),
    { numRuns: 300, seed: 4 },
  );
});

Deno.test("createRangeHistograms() takes what is beyond every limit for the largest there is", () => {
  const histograms = createRangeHistograms(1, 4);
  for (const value of [3.4e38, Infinity, -Infinity]) histograms.add(0, value);
  assert.deepEqual([...histograms.counts], [1, 0, 0, 2]);
});
