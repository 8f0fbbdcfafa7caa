import assert from "node:assert/strict";
import { type Codes, EMPTY_SLOT } from "../../src/engine/engine.ts";
import {
  createMetrics,
  type RowMetrics,
} from "../../src/metrics/accumulator.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { reconstruct } from "../../src/model/reconstruct.ts";
import { randomStream } from "../../src/random.ts";
import { makeModel, makeRows } from "../model/models.ts";

type SimpleCodes = Pick<Codes, "rows" | "sparsity" | "indices" | "values">;

function randomCodes(model: DictionaryModel, rows: number): SimpleCodes {
  const random = randomStream(3, "codes");
  const { sparsity } = model.coder;
  const indices = new Uint32Array(rows * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(rows * sparsity);
  const share = sparsity / model.groups.length;
  for (let row = 0; row < rows; row++) {
    let start = 0;
    model.groups.forEach((size, group) => {
      for (let slot = 0; slot < share; slot++) {
        if (random.uniform() < 0.2) continue;
        const at = row * sparsity + group * share + slot;
        indices[at] = start + (random.integer(size - share) + slot);
        values[at] = random.normal();
      }
      start += size;
    });
  }
  return { rows, sparsity, indices, values };
}

/** Every formula of the documentation, directly and in two passes, over the atoms below `end`. */
function bruteForce(
  model: DictionaryModel,
  data: Float32Array,
  codes: SimpleCodes,
  end: number,
) {
  const { width, dictionary, mean } = model;
  const all = Array.from({ length: codes.rows }, (_, row) => {
    const y = Array.from(data.slice(row * width, (row + 1) * width));
    const z = Array.from(mean);
    const used: number[] = [];
    for (let s = row * codes.sparsity; s < (row + 1) * codes.sparsity; s++) {
      if (codes.indices[s] >= end) continue;
      used.push(codes.values[s]);
      for (let d = 0; d < width; d++) {
        z[d] += codes.values[s] * dictionary[codes.indices[s] * width + d];
      }
    }
    return { y, z, used };
  });
  const dot = (a: number[], b: number[]) =>
    a.reduce((sum, value, d) => sum + value * b[d], 0);
  const minus = (a: number[], b: ArrayLike<number>) =>
    a.map((value, d) => value - b[d]);
  const square = (a: number[]) => dot(a, a);
  const average = (f: (row: typeof all[number]) => number) =>
    all.reduce((sum, row) => sum + f(row), 0) / all.length;
  const centre = mean.length === 0
    ? []
    : Array.from(mean, (_, d) => average(({ y }) => y[d]));
  const fvu = average(({ y, z }) => square(minus(y, z))) /
    average(({ y }) => square(minus(y, centre)));
  return {
    fvu,
    explained_variance: 1 - fvu,
    explained_variance_legacy: average(({ y, z }) =>
      1 - square(minus(y, z)) / square(minus(y, mean))
    ),
    mse: average(({ y, z }) => square(minus(y, z))),
    cosine_similarity: average(({ y, z }) =>
      dot(y, z) / Math.sqrt(square(y) * square(z))
    ),
    l2_ratio: average(({ y, z }) => Math.sqrt(square(z) / square(y))),
    relative_reconstruction_bias: average(({ z }) => square(z)) /
      average(({ y, z }) => dot(y, z)),
    l0: average(({ used }) => used.length),
    l0_std: Math.sqrt(
      average(({ used }) => used.length ** 2) -
        average(({ used }) => used.length) ** 2,
    ),
    l0_positive: average(({ used }) => used.filter((v) => v > 0).length),
  };
}

function assertClose(
  actual: object,
  expected: Record<string, number>,
  tolerance = 1e-10,
) {
  for (const [name, value] of Object.entries(expected)) {
    const got = (actual as Record<string, number>)[name];
    const bound = tolerance * Math.max(1, Math.abs(value));
    assert.ok(Math.abs(got - value) <= bound, `${name}: ${got} not ${value}`);
  }
}

function addInBatches(
  model: DictionaryModel,
  data: Float32Array,
  codes: SimpleCodes,
  batch: number,
): RowMetrics {
  const metrics = createMetrics(model);
  for (let from = 0; from < codes.rows; from += batch) {
    const to = Math.min(codes.rows, from + batch);
    metrics.add(data.subarray(from * model.width, to * model.width), {
      rows: to - from,
      sparsity: codes.sparsity,
      indices: codes.indices.subarray(
        from * codes.sparsity,
        to * codes.sparsity,
      ),
      values: codes.values.subarray(from * codes.sparsity, to * codes.sparsity),
    });
  }
  return metrics.result();
}

Deno.test("createMetrics() agrees with float64 brute force, in batches of any size", () => {
  const model = makeModel({
    width: 12,
    atoms: 30,
    groups: [5, 10, 15],
    coder: {
      method: "omp",
      sparsity: 6,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
  });
  const data = makeRows(model, 101).map((value) => value + 3);
  const codes = randomCodes(model, 101);
  for (const batch of [1, 17, 101]) {
    const result = addInBatches(model, data, codes, batch);
    assertClose(result, bruteForce(model, data, codes, 30));
    [5, 15, 30].forEach((end, prefix) => {
      const got = result.prefixes![prefix];
      assert.deepEqual([got.atoms, got.groups], [end, prefix + 1]);
      assertClose(got, bruteForce(model, data, codes, end));
    });
    assert.equal(result.rows, 101);
    const used = new Set(codes.indices);
    used.delete(EMPTY_SLOT);
    assert.equal(result.dead_atoms, 30 - used.size);
    const counted = result.atom_density.counts.reduce((a, b) => a + b, 0);
    assert.equal(counted, used.size);
  }
});

Deno.test("createMetrics() keeps its precision on rows with a large common offset", () => {
  const model = makeModel({ width: 8, atoms: 10 });
  model.mean.fill(10_000);
  const data = makeRows(model, 200);
  const codes = randomCodes(model, 200);
  const result = addInBatches(model, data, codes, 64);
  assertClose(result, bruteForce(model, data, codes, 10), 1e-8);
});

Deno.test("createMetrics() leaves zero rows out of the cosine and counts them", () => {
  const model = makeModel({ width: 3, atoms: 4, mean: new Float32Array(3) });
  const metrics = createMetrics(model);
  metrics.add(Float32Array.of(0, 0, 0, 1, 0, 0, 0, 2, 0), {
    rows: 3,
    sparsity: 1,
    indices: Uint32Array.of(EMPTY_SLOT, EMPTY_SLOT, 0),
    values: Float32Array.of(0, 0, 1),
  });
  const result = metrics.result();
  assert.equal(result.zero_rows, 2);
  assert.equal(result.l0, 1 / 3);
  assert.ok(Math.abs(result.l0_std! - Math.sqrt(2 / 9)) < 1e-12);
  assert.ok(Number.isFinite(result.cosine_similarity));
  assert.ok(Number.isFinite(result.explained_variance_legacy));
  assert.ok(Math.abs(result.l2_ratio - 0.25) < 1e-6);
  assert.equal(result.dead_atoms, 3);
});

Deno.test("createMetrics() tells of no spread of nonzeros where all rows have as many", () => {
  const model = makeModel({ width: 3, atoms: 4 });
  const metrics = createMetrics(model);
  for (let batch = 0; batch < 3; batch++) {
    metrics.add(Float32Array.of(1, 0, 0, 0, 1, 0), {
      rows: 2,
      sparsity: 1,
      indices: Uint32Array.of(0, 3),
      values: Float32Array.of(1, -1),
    });
  }
  assert.equal(metrics.result().l0_std, undefined);
});

Deno.test("reconstruct() adds value·atom to the mean", () => {
  const model = makeModel({ width: 5, atoms: 6 });
  const rows = reconstruct(model, {
    rows: 2,
    sparsity: 2,
    indices: Uint32Array.of(1, 4, EMPTY_SLOT, 2),
    values: Float32Array.of(2, -1, 0, 0.5),
  });
  for (let d = 0; d < 5; d++) {
    const { mean, dictionary } = model;
    assert.equal(
      rows[d],
      Math.fround(mean[d] + 2 * dictionary[5 + d] - dictionary[20 + d]),
    );
    assert.equal(rows[5 + d], Math.fround(mean[d] + dictionary[10 + d] / 2));
  }
});
