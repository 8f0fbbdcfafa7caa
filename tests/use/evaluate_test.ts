import assert from "node:assert/strict";
import { createMetrics } from "../../src/metrics/accumulator.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { encodeRows } from "../../src/use/encode.ts";
import { evaluate, evaluateAll } from "../../src/use/evaluate.ts";
import { makeModel } from "../model/models.ts";
import { CPU, smallProblem } from "./helpers.ts";

Deno.test("evaluate() measures the library's own codes", async () => {
  const { model, data, source } = smallProblem(9000);
  const { metrics, rows, distributions, use } = await evaluate(
    model,
    source,
    CPU,
  );
  const expected = createMetrics(model);
  let from = 0;
  for await (const { codes } of encodeRows(model, source, CPU)) {
    const to = from + codes.rows * model.width;
    expected.add(data.subarray(from, to), codes);
    from = to;
  }
  assert.equal(rows, 9000);
  for (const [name, value] of Object.entries(expected.result())) {
    assert.deepEqual(metrics[name as keyof typeof metrics], value, name);
  }
  assert.deepEqual([...use.rows], [...expected.use().rows]);
  const nonzeros = [...distributions.nonzeros];
  assert.equal(nonzeros.reduce((a, b) => a + b), 9000);
  assert.equal(
    nonzeros.reduce((sum, count, l) => sum + count * l, 0) / 9000,
    metrics.l0,
  );
  const { low, high, counts } = distributions.values;
  assert.equal(counts.reduce((a, b) => a + b), 9000 * metrics.l0);
  const above = counts.subarray(counts.length / 2).reduce((a, b) => a + b, 0);
  assert.equal(above, 9000 * metrics.l0_positive);
  assert.equal(low, -high);
});

Deno.test("evaluate() with a known dictionary tells how much was recovered", async () => {
  const { model, source } = smallProblem(50);
  const half = makeModel({ width: 12, atoms: 24 });
  half.dictionary.set(
    makeModel({ width: 12, atoms: 25 }).dictionary.subarray(0, 144),
  );
  const same = await evaluate(model, source, { ...CPU, truth: model });
  assert.equal(same.metrics.recovered, 1);
  assert.equal(same.metrics.matching, "hungarian");
  const other = await evaluate(half, source, { ...CPU, truth: model });
  assert.equal(other.metrics.recovered, 0.5);
  const without = await evaluate(model, source, CPU);
  assert.equal(without.metrics.recovered, undefined);
});

Deno.test("evaluateAll() measures several models on the same rows, read once", async () => {
  const { model, data, source } = smallProblem(5000);
  const sparser = { ...model, coder: { ...model.coder, sparsity: 1 } };
  let reads = 0;
  const counted = {
    ...source,
    batches: (...args: Parameters<typeof source.batches>) => {
      reads++;
      return source.batches(...args);
    },
  };
  const results = await evaluateAll(
    [{ name: "a", model }, { name: "b", model: sparser }],
    counted,
    CPU,
  );
  assert.equal(reads, 1);
  assert.deepEqual(results.map((result) => result.model), ["a", "b"]);
  const alone = await evaluate(sparser, source, CPU);
  assert.deepEqual(results[1].metrics, alone.metrics);
  assert.ok(results[0].metrics.fvu < results[1].metrics.fvu);
  assert.equal(results[1].metrics.l0, 1);
  const narrow = rowsFromArray(data, 6);
  await assert.rejects(evaluate(model, narrow, CPU), /Rows have 6 dimensions/);
});

Deno.test("evaluate() stops when its signal fires", async () => {
  const { model, source } = smallProblem(100);
  const reason = new Error("enough");
  await assert.rejects(
    evaluate(model, source, { ...CPU, signal: AbortSignal.abort(reason) }),
    reason,
  );
});
