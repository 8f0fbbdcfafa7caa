import assert from "node:assert/strict";
import {
  CLASSIC_BEST,
  classicProblem,
  recovered,
} from "../../tasks/experiments/recovery.ts";

const TRIALS = 20;

// Of 50 atoms, on average; plain K-SVD finds 44 to 48 of them (tasks/experiments/RESULTS.md).
for (
  const [decibels, floor] of [[10, 47], [20, 49], [30, 49], [Infinity, 49]]
) {
  Deno.test(`learn() finds ${floor} of 50 planted atoms at ${decibels} dB`, async () => {
    let found = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      found += await recovered(classicProblem(decibels, trial), {
        ...CLASSIC_BEST,
        seed: trial,
      });
    }
    console.log(`      ${decibels} dB: ${found / TRIALS} of 50`);
    assert(found / TRIALS >= floor, `${found / TRIALS}`);
  });
}
