import assert from "node:assert/strict";
import { dryRun, rowsFromArray, type RowSource } from "../../mod.ts";

function rows(count: number, width: number): RowSource {
  return rowsFromArray(
    Float32Array.from({ length: count * width }, (_, i) => Math.sin(i * i)),
    width,
  );
}

Deno.test("dryRun() tells the split and the batches that train would take", async () => {
  const told = await dryRun(rows(5000, 6), {
    atoms: 20,
    sparsity: 3,
    passes: 2,
    sampleBatch: 1000,
  }, "cpu");
  assert.equal(told.heldOut, 500);
  assert.equal(told.rows, 4500);
  assert.equal(told.sampleBatch, 900);
  assert.equal(told.iterations, 10);
  assert.equal(told.gpu, undefined);
});

Deno.test("dryRun() tells the memory plan on the GPU that is there", async () => {
  const told = await dryRun(
    rows(300, 6),
    { atoms: 20, sparsity: 3 },
    "gpu",
  );
  assert(told.gpu!.needed > 0);
  assert(told.gpu!.needed <= told.gpu!.had);
  assert(told.gpu!.lines.some((line) => line.includes("dictionary")));
});

Deno.test("dryRun() refuses what train would refuse", async () => {
  await assert.rejects(
    dryRun(rows(300, 6), { atoms: 20, sparsity: 7 }),
    /--sparsity is "7"/,
  );
  await assert.rejects(
    dryRun(rows(300, 6), { atoms: 20, sparsity: 3, holdout: 300 }),
    /leaves none/,
  );
});
