import assert from "node:assert/strict";
import { createGpuEngine } from "../../src/engine/gpu/gpu.ts";
import { assertSupportsAgree } from "./agreement.ts";
import { plantedProblem } from "./planted.ts";
import { codesOf } from "./pruned.ts";

// Beside the CPU engine, at random sizes, and each way to hold what it needs: tests/slow/gpu.
Deno.test("OMP leaves Gram rows unread and chooses what it chooses reading all", async () => {
  const problem = plantedProblem({
    width: 64,
    atoms: 900,
    rowCount: 400,
    sparsity: 16,
  });
  const [all, some] = await Promise.all(
    [false, true].map(async (pruned) =>
      codesOf(
        await createGpuEngine(problem.spec, { tuning: { pruned } }),
        problem,
      )
    ),
  );
  assert.equal(assertSupportsAgree(some, all).length, problem.rows);
});
