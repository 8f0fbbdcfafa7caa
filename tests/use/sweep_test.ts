import assert from "node:assert/strict";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import { sweep, sweepColumns } from "../../src/use/sweep.ts";
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

Deno.test("sweepColumns() goes through columns too, and ranks that share the trainings out come to the same table", async () => {
  const columns = new Map([
    ["one", data],
    ["two", data.map((value, i) => value + Math.sin(i))],
  ]);
  const opened: string[] = [];
  const sources = (rank: number) =>
    new Map(
      [...columns].map(([column, values]) => [column, () => {
        opened.push(`${rank} ${column}`);
        return Promise.resolve(rowsFromArray(values, WIDTH));
      }]),
    );
  const options = { atoms: [10, 20], sparsity: [1], passes: 2 };
  const run = { createEngine: createReferenceEngine };
  const alone = await sweepColumns(sources(0), options, run);
  assert.deepEqual(
    alone.runs.map(({ column, atoms }) => [column, atoms]),
    [["one", 10], ["one", 20], ["two", 10], ["two", 20]],
  );
  assert.deepEqual(opened.splice(0), ["0 one", "0 two"]);
  const bare = ({ runs, rows }: typeof alone) => ({
    rows,
    runs: runs.map((run) => ({ ...run, seconds: 0 })),
  });
  const all = await Promise.all(
    inProcessGroup(5).map((group) =>
      sweepColumns(sources(group.rank), options, { ...run, group })
    ),
  );
  for (const result of all) assert.deepEqual(bare(result), bare(alone));
  assert.equal(opened.length, 4);
});
