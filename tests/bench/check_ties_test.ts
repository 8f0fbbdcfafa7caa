import assert from "node:assert/strict";
import { differsByTies } from "../../src/bench/check_ties.ts";

const UNIT = Math.SQRT1_2;
const dictionary = Float32Array.from([
  ...[1, 0, 0],
  ...[0, 1, 0],
  ...[0, 0, 1],
  ...[UNIT, UNIT, 0],
]);

for (const method of ["mp", "omp"] as const) {
  Deno.test(`differsByTies() follows ${method} through a tie, and through no more`, () => {
    const row = Float32Array.of(0.1, 2, 2);
    const is = (found: number[]) =>
      differsByTies({ row, dictionary, method, found });
    assert.equal(is([1, 2]), true);
    assert.equal(is([2, 1]), true);
    assert.equal(is([2, 3]), false);
    assert.equal(is([0, 1]), false);
  });
}

Deno.test("differsByTies() allows for the rounding of what was subtracted from a row", () => {
  const is = (left: number) =>
    differsByTies({
      row: Float32Array.of(1, left, 2 * left),
      dictionary,
      method: "omp",
      found: [0, 1],
    });
  assert.equal(is(1e-7), true);
  assert.equal(is(1e-3), false);
});

Deno.test("differsByTies() takes MP's repeats for what they are", () => {
  const row = Float32Array.of(1, 0.9, 0.02);
  const found = [3, 0, 1];
  assert.equal(
    differsByTies({ row, dictionary, method: "mp", found: [3, 0] }),
    true,
  );
  assert.equal(
    differsByTies({ row, dictionary, method: "mp", found: [3, 2] }),
    false,
  );
  assert.equal(differsByTies({ row, dictionary, method: "mp", found }), true);
});
