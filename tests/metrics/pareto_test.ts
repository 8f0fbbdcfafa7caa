import assert from "node:assert/strict";
import { paretoFront } from "../../src/metrics/pareto.ts";

Deno.test("paretoFront() marks the points that no other beats; equal ones do not beat each other", () => {
  const points = [[1, 4], [2, 2], [2, 3], [3, 2], [4, 1], [4, 1], [5, 5]];
  assert.deepEqual(paretoFront(points), [
    ...[true, true, false, false, true, true, false],
  ]);
  assert.deepEqual(paretoFront([]), []);
});
