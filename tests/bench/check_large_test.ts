import assert from "node:assert/strict";
import { checkLargeCodes } from "../../src/bench/check_large.ts";
import { firstAtoms, plantedRows } from "../../src/bench/planted.ts";
import { gram } from "../../src/engine/reference/products.ts";
import { Pursuit } from "../../src/engine/reference/pursuit.ts";

const SIZE = { n: 24, m: 60, k: 6, rows: 8 };

function coded() {
  const { n, m, k, rows } = SIZE;
  const data = plantedRows(SIZE), dictionary = firstAtoms(data, SIZE);
  const products = new Float32Array(m * m);
  gram(dictionary, m, n, products);
  const pursuit = new Pursuit(products, m, {
    method: "omp",
    sparsity: k,
    nonnegative: false,
    refit: false,
    ridge: 0,
  });
  const indices = new Uint32Array(rows * k),
    values = new Float32Array(rows * k);
  for (let row = 0; row < rows; row++) {
    const y = data.subarray(row * n, (row + 1) * n);
    const inner = (atom: number) =>
      y.reduce((sum, v, p) => sum + v * dictionary[atom * n + p], 0);
    pursuit.run(
      Float32Array.from({ length: m }, (_, j) => inner(j)),
      y.reduce((sum, v) => sum + v * v, 0),
      0,
      indices.subarray(row * k, (row + 1) * k),
      values.subarray(row * k, (row + 1) * k),
    );
  }
  return { data, dictionary, indices, values, ...SIZE };
}

const SAMPLE = [0, 2, 4, 6];

Deno.test("checkLargeCodes() finds exact OMP's codes right without a Gram", () => {
  const { maxRelativeError, supportAgreement } = checkLargeCodes(
    coded(),
    SAMPLE,
  );
  assert.equal(supportAgreement, 1);
  assert(maxRelativeError < 1e-4);
});

Deno.test("checkLargeCodes() finds a coefficient that is off", () => {
  const problem = coded();
  problem.values[2 * SIZE.k] *= 1.01;
  assert(checkLargeCodes(problem, SAMPLE).maxRelativeError > 1e-4);
});

Deno.test("checkLargeCodes() finds a choice that is not the greatest", () => {
  const problem = coded(), { k, m, indices } = problem;
  const support = [...indices.subarray(4 * k, 5 * k)];
  const other = Array.from({ length: m }, (_, j) => j)
    .find((j) => !support.includes(j))!;
  indices[4 * k] = other;
  assert.equal(checkLargeCodes(problem, SAMPLE).supportAgreement, 3 / 4);
});
