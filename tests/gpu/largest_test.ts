import assert from "node:assert/strict";
import { createGpuEngine } from "../../src/engine/gpu/gpu.ts";
import { plainSpec } from "../engine/engines.ts";
import { SIZES, testLargest } from "./largest.ts";

// The other ways to find them: tests/slow/gpu.
testLargest((way) => way === "with matrices in parts and rows in chunks");

Deno.test("gpu engine: more correlations than a software driver's loops reach are refused", async () => {
  const spec = plainSpec({ ...SIZES, sparsity: 300 }, {
    coder: { method: "correlations" },
  });
  await assert.rejects(
    createGpuEngine(spec, { tuning: { loopBudget: 1000 } }),
    /cuts loops off before 300 nonzeros/,
  );
});
