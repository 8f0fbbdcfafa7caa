import assert from "node:assert/strict";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { sweep } from "../../src/use/sweep.ts";
import { train } from "../../src/use/train.ts";

const WIDTH = 10;
const { data } = plantRows({
  rows: 400,
  width: WIDTH,
  atoms: 20,
  sparsity: 2,
});

Deno.test("sweep() trains every combination from one read, as train() would", async () => {
  const source = rowsFromArray(data, WIDTH);
  const batches = source.batches.bind(source);
  let reads = 0;
  source.batches = (...args) => {
    reads++;
    return batches(...args);
  };
  const seen: number[] = [];
  const { rows, runs } = await sweep(
    source,
    { atoms: [20, 10], sparsity: [2, 1, 2], passes: 3 },
    {
      createEngine: createReferenceEngine,
      onRun: (_, done, total) => seen.push(done, total),
    },
  );
  assert.equal(reads, 1);
  assert.equal(rows, 400);
  assert.deepEqual(
    runs.map(({ atoms, sparsity }) => [atoms, sparsity]),
    [[10, 1], [10, 2], [20, 1], [20, 2]],
  );
  assert.deepEqual(seen, [1, 4, 2, 4, 3, 4, 4, 4]);
  const alone = await train(
    rowsFromArray(data, WIDTH),
    { atoms: 20, sparsity: 2, passes: 3 },
    { createEngine: createReferenceEngine },
  );
  assert.equal(runs[3].fvu, alone.heldOut!.fvu);
  assert.equal(runs[3].trainingFvu, alone.training!.fvu);
  assert(runs[3].fvu < runs[0].fvu);
});

Deno.test("sweep() refuses a combination that cannot work before it reads", async () => {
  const source = rowsFromArray(data, WIDTH);
  source.batches = () => assert.fail("it read rows");
  const refused = (changes: object, message: RegExp) =>
    assert.rejects(
      sweep(source, { atoms: [10, 20], sparsity: [1, 2], ...changes }),
      message,
    );
  await refused({ sparsity: [1, 11] }, /--sparsity/);
  await refused({ atoms: [] }, /nothing to sweep/);
  await refused({ holdout: 0 }, /held-out/);
});
