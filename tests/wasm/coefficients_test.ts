import assert from "node:assert/strict";
import { leastSquares } from "../../src/engine/reference/coefficients.ts";
import { permutation, randomStream } from "../../src/random.ts";
import { coefficientsRoom } from "../../src/wasm/kernels/coefficients.ts";
import { testKernels } from "./memory.ts";
import { assertNear, problem } from "./values.ts";

testKernels(
  "coefficients are least squares on the support, whatever lay in their room",
  (m) => {
    const atoms = 32, random = randomStream(1, "coefficients");
    const { gram, correlations: c } = problem(atoms, 40, random);
    const at = { gram: m.put(gram), c: m.put(c), support: m.room(9) };
    const x = m.room(9), doubles = coefficientsRoom(9);
    const room = m.room(2 * doubles);
    for (let count = 1; count <= 9; count++) {
      for (const [ridge, shrink] of [[0, 0], [0.7, 0], [0.7, 0.3]]) {
        m.floats(room, 2 * doubles).fill(NaN);
        const support = permutation(atoms, random).slice(0, count);
        m.words(at.support, count).set(support);
        const used = m.kernels.coefficients(
          at.c,
          at.gram,
          at.support,
          x,
          room,
          4 * atoms,
          count,
          0,
          ridge,
          shrink,
          1e-9,
        );
        const expected = solved(gram, c, support, ridge, shrink);
        assert.deepEqual(
          [...m.words(at.support, used)],
          [...support].filter((_, s) => expected[s] !== 0),
        );
        const kept = expected.filter((value) => value !== 0);
        m.floats(x, used).forEach((v, s) => assertNear(v, kept[s], 1e-4));
      }
    }
  },
);

testKernels(
  "coefficients leave a dependent atom out, and refuse what is not positive",
  (m) => {
    const gram = m.put([1, 1, 0, 1, 1, 0, 0, 0, 1]);
    const c = m.put([0.5, 0.5, -0.25]), x = m.room(3);
    const room = m.room(2 * coefficientsRoom(3));
    const solve = (support: number[], positive: number) => {
      const at = m.put(support, "u32");
      const { length } = support;
      const used = m.kernels.coefficients(
        c,
        gram,
        at,
        x,
        room,
        12,
        length,
        positive,
        0,
        0,
        1e-9,
      );
      return used < 0
        ? undefined
        : [...m.words(at, used), ...m.floats(x, used)];
    };
    assert.deepEqual(solve([0, 1, 2], 0), [0, 2, 0.5, -0.25]);
    assert.deepEqual(solve([0, 2], 1), undefined);
    assert.deepEqual(solve([1], 1), [1, 0.5]);
    assert.deepEqual(solve([], 0), []);
  },
);

function solved(
  gram: Float32Array,
  c: Float32Array,
  support: Uint32Array,
  ridge: number,
  shrink: number,
): number[] {
  const m = c.length, count = support.length;
  const matrix = new Float64Array(count * count).map((_, e) => {
    const s = Math.floor(e / count), t = e % count;
    return gram[support[s] * m + support[t]] + (s === t ? ridge : 0);
  });
  const right = Float64Array.from(support, (j) => c[j]);
  const free = leastSquares(matrix, right);
  if (shrink === 0) return [...free];
  const pulled = right.map((value, s) => value - shrink * Math.sign(free[s]));
  return [...leastSquares(matrix, pulled)]
    .map((value, s) => value * free[s] > 0 ? value : 0);
}
