import assert from "node:assert/strict";
import {
  CLASSIC_BEST,
  classicProblem,
  recovered,
} from "../../tasks/experiments/recovery.ts";

const TRIALS = 20;

// Of 50 atoms, on average: what a plain K-SVD reaches.
for (
  const [decibels, floor] of [[10, 44], [20, 46], [30, 46], [Infinity, 46]]
) {
  Deno.test(`learn() finds ${floor} of 50 planted atoms at ${decibels} dB, as K-SVD does`, async () => {
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
