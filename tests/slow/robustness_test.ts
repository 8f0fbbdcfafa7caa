import assert from "node:assert/strict";
import {
  troubledOutcome,
  TROUBLES,
} from "../../tasks/experiments/robustness.ts";

const SHORT = { atoms: 256, passes: 3 };

// What seeds move the held-out FVU by, and a little more.
const NOISE = 0.03;

const plain = await troubledOutcome(TROUBLES[0], SHORT, 0);

for (const trouble of TROUBLES.slice(1)) {
  Deno.test(`train() with defaults bears it: ${trouble.name}`, async () => {
    const { fvu } = await troubledOutcome(trouble, SHORT, 0);
    assert(
      Math.abs(fvu / plain.fvu - 1) < NOISE,
      `held-out FVU ${fvu} beside ${plain.fvu}`,
    );
  });
}

Deno.test("train() with defaults leaves every atom in use by a fresh encoding of its rows", () => {
  assert(plain.leastUses >= 2, `${plain.leastUses} uses`);
});
