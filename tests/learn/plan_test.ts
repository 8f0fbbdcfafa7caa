import assert from "node:assert/strict";
import { mayHold } from "../../src/learn/held.ts";
import fc from "fast-check";
import { groupNonzeros, groupSizes } from "../../src/options/groups.ts";
import {
  atomOrder,
  planTraining,
  sampleBatchFor,
} from "../../src/learn/plan.ts";
import { leftByUpdates, scheduledStep } from "../../src/learn/schedule.ts";
import { optionsOf } from "./setting.ts";

const BATCH = { rows: 1000, length: 10 };

Deno.test("planTraining() splits a pass into batches that differ by at most one row", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100_000 }),
    fc.integer({ min: 1, max: 70_000 }),
    fc.integer({ min: 1, max: 9 }),
    (rows, sampleBatch, passes) => {
      const { batches, iterations } = planTraining(rows, sampleBatch, passes);
      assert.equal(batches.reduce((sum, n) => sum + n, 0), rows);
      assert.equal(batches.length, Math.ceil(rows / sampleBatch));
      assert(Math.max(...batches) - Math.min(...batches) <= 1);
      assert.equal(iterations, passes * batches.length);
    },
  ));
});

Deno.test("sampleBatchFor() takes a sixteenth of the rows within its bounds", () => {
  const options = optionsOf({ sampleBatch: undefined });
  assert.equal(sampleBatchFor(options, 160_000), 10_000);
  assert.equal(sampleBatchFor(options, 9000), 1024);
  assert.equal(sampleBatchFor({ ...options, atoms: 4096 }, 9000), 8192);
  assert.equal(sampleBatchFor(options, 10_000_000), 65_536);
  assert.equal(sampleBatchFor({ ...options, memory: 0 }, 9000), 65_536);
  assert.equal(sampleBatchFor({ ...options, sampleBatch: 77 }, 9000), 77);
});

Deno.test("mayHold() takes 512 MiB of local rows between passes and 2 GiB of remote ones, all or none", () => {
  const of = (path: string, rows: number) =>
    mayHold({ width: 1024, files: [{ path, rows, bytes: 0 }] }, rows);
  assert.equal(of("rows.parquet", 2 ** 17), true);
  assert.equal(of("rows.parquet", 2 ** 17 + 1), false);
  assert.equal(of("hf://datasets/a/b/rows.parquet", 2 ** 19), true);
  assert.equal(of("https://host/rows.parquet", 2 ** 19 + 1), false);
});

Deno.test("atomOrder() permutes each group's atoms, groups in order", () => {
  const order = atomOrder([3, 5], 0, 7, false);
  assert.deepEqual([...order.slice(0, 3)].sort(), [0, 1, 2]);
  assert.deepEqual([...order.slice(3)].sort(), [3, 4, 5, 6, 7]);
  assert.notDeepEqual(order, atomOrder([3, 5], 0, 8, false));
  assert.deepEqual([...atomOrder([2, 2], 0, 0, true)], [0, 1, 2, 3]);
});

Deno.test("groupSizes() doubles the prefix with each group and cuts the last", () => {
  const sizes = (atoms: number) => groupSizes({ matryoshka: "auto", atoms });
  assert.deepEqual(sizes(100), [100]);
  assert.deepEqual(sizes(512), [256, 256]);
  assert.deepEqual(sizes(2048), [256, 256, 512, 1024]);
  assert.deepEqual(sizes(1500), [256, 256, 512, 476]);
  assert.deepEqual(groupSizes({ matryoshka: [7, 3], atoms: 10 }), [7, 3]);
});

Deno.test("groupSizes() gives the rest, and a few general atoms for probing", () => {
  const rest = [32, "rest"] as const;
  assert.deepEqual(groupSizes({ matryoshka: rest, atoms: 512 }), [32, 480]);
  const sizes = (atoms: number) => groupSizes({ matryoshka: "probing", atoms });
  assert.deepEqual(sizes(48), [24, 24]);
  assert.deepEqual(sizes(512), [32, 480]);
  assert.deepEqual(sizes(1024), [32, 992]);
  assert.deepEqual(sizes(4096), [128, 3968]);
  const shares = (sparsity: number, atoms: number) =>
    groupNonzeros({ matryoshka: "probing", atoms, sparsity });
  assert.deepEqual(shares(9, 512), [5, 4]);
  assert.deepEqual(shares(100, 512), [32, 68]);
  assert.equal(
    groupNonzeros({ matryoshka: "auto", atoms: 512, sparsity: 8 }),
    undefined,
  );
});

Deno.test("scheduledStep() shrinks less, remembers more and codes fuller as training goes on", () => {
  const options = optionsOf({ sparsity: 8, atoms: 512 });
  const plan = planTraining(9000, 1000, 10);
  const steps = Array.from(
    { length: plan.iterations },
    (_, i) => scheduledStep(options, plan, i, BATCH, i > 0 ? 0.2 : undefined),
  );
  const rises = (values: number[]) =>
    values.every((v, i) => i === 0 || v >= values[i - 1]);
  assert.equal(steps[0].ridge, 1);
  assert(Math.abs(steps.at(-1)!.ridge - 0.25) < 1e-12);
  assert(rises(steps.map((step) => -step.ridge)));
  assert(rises(steps.map((step) => -step.shrink)));
  assert(steps.every((step) => step.shrink > 0));
  assert.equal(steps[0].sparsity, 4);
  assert.equal(steps.at(-1)!.sparsity, 8);
  assert(rises(steps.map((step) => step.sparsity)));
  assert(rises(steps.slice(1).map((step) => step.memory)));
  assert(steps.every(({ memory }) => memory >= 0 && memory < 1));
  // A batch uses an atom 1000·8/512 times; at first 40 uses are remembered.
  assert(Math.abs(steps[0].memory - (1 - 15.625 / 40)) < 1e-12);
});

Deno.test("scheduledStep() shrinks in proportion to what is left of rows that are almost explained", () => {
  const options = optionsOf({ sparsity: 8, atoms: 512 });
  const plan = planTraining(9000, 1000, 10);
  const at = (left: number) => scheduledStep(options, plan, 40, BATCH, left);
  const noisy = at(0.3);
  assert.equal(at(0.06).ridge, noisy.ridge);
  assert.equal(at(0.06).shrink, noisy.shrink);
  const clean = at(0.01);
  assert(Math.abs(clean.ridge - noisy.ridge / 5) < 1e-12);
  assert(Math.abs(clean.shrink - noisy.shrink / 5) < 1e-12);
  assert.equal(at(0).ridge, 0);
});

Deno.test("scheduledStep() lets atoms remember longer the noisier rows are, within half and three times what was asked for", () => {
  const options = optionsOf({ sparsity: 8, startSparsity: 8, atoms: 512 });
  const plan = planTraining(9000, 1000, 10);
  // What is remembered of the uses that a batch makes of an atom.
  const uses = (left?: number) =>
    1000 * 8 / 512 / (1 - scheduledStep(options, plan, 0, BATCH, left).memory);
  const near = (a: number, b: number) => assert(Math.abs(a - b) < 1e-9 * b);
  near(uses(undefined), 40);
  // Where f is left, a residual has f·k / (1 − f) of a coefficient's energy: r, for short.
  const left = (r: number) => r / (8 + r);
  near(uses(left(0.7)), 40);
  near(uses(left(1.8)), 40);
  near(uses(left(1.8 * Math.SQRT2)), 80);
  near(uses(left(0.6)), 40 * 0.6 / 0.7);
  near(uses(left(6)), 120);
  near(uses(1), 120);
  near(uses(1.2), 120);
  near(uses(0.01), 20);
});

Deno.test("leftByUpdates() is the mean of the latest updates, unknown before there is any", () => {
  assert.equal(leftByUpdates([]), undefined);
  assert.equal(leftByUpdates([0.5]), 0.5);
  assert.equal(leftByUpdates([0.75, 0.5, 0.25]), 0.5);
});

Deno.test("scheduledStep() asks for plain K-SVD where asked to", () => {
  const plan = planTraining(9000, 1000, 10);
  const exact = scheduledStep(optionsOf({ exact: true }), plan, 3, BATCH, 0.2);
  assert.deepEqual(exact, { ridge: 0, shrink: 0, memory: 0, sparsity: 3 });
  const paper = optionsOf({ ridge: 0, memory: 0, startSparsity: 3 });
  assert.deepEqual(scheduledStep(paper, plan, 0, BATCH, 0.2), exact);
});

Deno.test("scheduledStep() codes fully where there is one iteration only", () => {
  const plan = planTraining(100, 100, 1);
  assert.equal(scheduledStep(optionsOf(), plan, 0, BATCH, 1).sparsity, 3);
});
