import assert from "node:assert/strict";
import {
  Pursuit,
  type PursuitOptions,
} from "../../src/engine/reference/pursuit.ts";
import { randomStream } from "../../src/random.ts";
import { ompName } from "../../src/wasm/kernels/omp.ts";
import { testKernels } from "./memory.ts";
import { assertNear, inner, normals, problem } from "./values.ts";

testKernels("pursuits choose as the reference engine's do", (m) => {
  const atoms = 64, k = 6, random = randomStream(2, "pursuits");
  const { gram, unit } = problem(atoms, 24, random);
  const at = { gram: m.put(gram), weights: m.room(atoms) };
  const weights = new Float32Array(atoms).map((_, j) => j < 20 ? 0.5 : 1);
  m.floats(at.weights, atoms).set(weights);
  const support = m.room(k), changing = m.room(atoms), x = m.room(k);
  const steps = m.room(k * atoms), entries = m.room(k);
  for (let turn = 0; turn < 40; turn++) {
    const y = normals(24, random), energy = inner(y, y);
    const correlations = Float32Array.from(unit, (d) => inner(d, y));
    const c = m.put(correlations);
    const stop = turn % 2 === 0 ? 0 : 0.3 * energy;
    for (const nonnegative of [false, true]) {
      for (const weighted of [false, true]) {
        const selectionRidge = turn % 4 < 2 ? 0 : 0.5;
        const used = m.kernels[ompName(!nonnegative, weighted)](
          c,
          changing,
          at.gram,
          steps,
          entries,
          support,
          at.weights,
          4 * atoms,
          k,
          0,
          energy,
          stop,
          selectionRidge,
        );
        const expected = pursued(gram, correlations, energy, stop, {
          method: "omp",
          candidates: nonnegative ? "positive" : "signed",
          weights: weighted ? weights : undefined,
          selectionRidge,
        });
        assert.deepEqual([...m.words(support, used)], expected.support);
      }
      const mp = nonnegative ? m.kernels.mpPositive : m.kernels.mp;
      const used = mp(
        c,
        changing,
        at.gram,
        support,
        x,
        4 * atoms,
        k,
        4 * k,
        0,
        energy,
        stop,
      );
      const candidates = nonnegative ? "positive" : "signed";
      const options = { method: "mp", candidates } as const;
      const expected = pursued(gram, correlations, energy, stop, options);
      assert.deepEqual([...m.words(support, used)], expected.support);
      m.floats(x, used).forEach((v, s) =>
        assertNear(v, expected.values[s], 1e-4)
      );
    }
  }
});

// 2048 atoms at right angles: a Gram of 16 MiB whose rows have nothing but their diagonal.
testKernels(
  "pursuits of long rows take the first of equals, in whatever lane and block",
  (m) => {
    const atoms = 2048, k = 6;
    const gram = m.room(atoms * atoms), g = m.floats(gram, atoms * atoms);
    g.fill(0);
    for (let j = 0; j < atoms; j++) g[j * (atoms + 1)] = 1;
    const correlations = new Float32Array(atoms);
    const equals = [39, 66, 67, 1029, 2047], c = m.put(correlations);
    equals.forEach((j, s) => m.floats(c, atoms)[j] = s % 2 === 0 ? 1 : -1);
    m.floats(c, atoms)[5] = 0.5;
    const changing = m.room(atoms), steps = m.room(k * atoms);
    const entries = m.room(k), support = m.room(k), x = m.room(k);
    const row = 4 * atoms;
    const found = [
      m.kernels.omp(
        ...[c, changing, gram, steps, entries, support, 0],
        ...[row, k, 0.1, 6, 0, 0],
      ),
      ...m.words(support, k),
    ];
    assert.deepEqual(found, [k, ...equals, 5]);
    const used = m.kernels.mp(
      ...[c, changing, gram, support, x, row, k, 4 * k, 0.1, 6, 0],
    );
    assert.deepEqual([used, ...m.words(support, k)], [k, ...equals, 5]);
    assert.deepEqual([...m.floats(x, k)], [1, -1, 1, -1, 1, 0.5]);
  },
  300,
);

function pursued(
  gram: Float32Array,
  correlations: Float32Array,
  energy: number,
  stop: number,
  options: Partial<PursuitOptions> & Pick<PursuitOptions, "method">,
): { support: number[]; values: number[] } {
  const pursuit = new Pursuit(gram, correlations.length, {
    sparsity: 6,
    nonnegative: false,
    refit: false,
    ridge: 0,
    ...options,
  });
  const indices = new Uint32Array(6), values = new Float32Array(6);
  const used = pursuit.run(correlations, energy, stop, indices, values, 0);
  return {
    support: [...indices.subarray(0, used)],
    values: [...values.subarray(0, used)],
  };
}
