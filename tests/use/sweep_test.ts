import assert from "node:assert/strict";
import { join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { loadModel } from "../../src/model/directory.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import { sweep, sweepColumns } from "../../src/use/sweep.ts";
import { train } from "../../src/use/train.ts";
import { inDirectory } from "../directories.ts";
import { data, WIDTH } from "./swept_rows.ts";

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
  await refused({ vary: { ridge: [] } }, /nothing to sweep/);
  await refused({ vary: { powerSteps: [1, 0] } }, /--power-steps/);
  await refused({ vary: { rige: [1] } }, /did you mean "ridge"/);
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
  for (const column of columns.keys()) {
    const own = alone.runs.filter((run) => run.column === column);
    const lowest = own.toSorted((a, b) => a.fvu - b.fvu)[0];
    assert(lowest.front, `${column} has a front of its own`);
  }
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

Deno.test("an atom that more than a tenth of the rows use is dense", async () => {
  const { runs } = await sweep(
    rowsFromArray(data, WIDTH),
    { atoms: [1, 300], sparsity: [1], passes: 1 },
    { createEngine: createReferenceEngine },
  );
  assert.deepEqual(runs.map(({ denseAtoms }) => denseAtoms), [1, 0]);
});

Deno.test("variants are sets of options, before which what is said goes", async () => {
  await inDirectory(async (out) => {
    const { runs } = await sweep(
      rowsFromArray(data, WIDTH),
      {
        ...{ atoms: [8], sparsity: [2], passes: 1, vary: { memory: [0, 9] } },
        variants: { plain: {}, other: { passes: 4, nonnegative: true } },
      },
      { createEngine: createReferenceEngine, output: { out } },
    );
    assert.deepEqual(runs.map(({ options }) => options), [
      { for: "plain", memory: 0 },
      { for: "plain", memory: 9 },
      { for: "other", memory: 0 },
      { for: "other", memory: 9 },
    ]);
    const { config } = await loadModel(join(out, "m8-k2-for-other-memory-9"));
    const { passes, nonnegative, memory } = config.parameters;
    assert.deepEqual([passes, nonnegative, memory], [1, true, 9]);
  });
});

Deno.test("a sweep scores every model on its own held-out rows, having looked at all first", async () => {
  const looked: number[] = [];
  const scored: number[] = [];
  const { runs } = await sweep(
    rowsFromArray(data, WIDTH),
    { atoms: [8, 16], sparsity: [2], passes: 1, vary: { seed: [0, 1] } },
    {
      createEngine: createReferenceEngine,
      scorer: (_, heldOut) => {
        assert.equal(scored.length, 0);
        const place = looked.push(heldOut.has(0) ? 1 : 0, heldOut.size) / 2;
        return Promise.resolve((model) => {
          scored.push(model.seed);
          const good = model.atoms === 8 && place === 1;
          return Promise.resolve({ "1": good ? 0.9 : 0.6 });
        });
      },
    },
  );
  assert.equal(looked.length, 4);
  assert.deepEqual(scored, [0, 1, 0, 1]);
  assert.deepEqual(runs.map(({ accuracy }) => accuracy!["1"]), [
    ...[0.9, 0.6, 0.6, 0.6],
  ]);
  assert(runs[0].front, "the most accurate one is on the front");
});
