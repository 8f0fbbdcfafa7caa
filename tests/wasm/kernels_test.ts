import assert from "node:assert/strict";
import { leastSquares } from "../../src/engine/reference/coefficients.ts";
import {
  Pursuit,
  type PursuitOptions,
} from "../../src/engine/reference/pursuit.ts";
import { permutation, randomStream } from "../../src/random.ts";
import { ompName } from "../../src/wasm/kernels/omp.ts";
import { rowsOf } from "../engine/reference.ts";
import { unitRows } from "../gpu/planted.ts";
import { coefficientsRoom } from "../../src/wasm/kernels/coefficients.ts";
import { TestMemory } from "./memory.ts";

type Random = ReturnType<typeof randomStream>;

const TARGETS = {
  "relaxed": { relaxed: true, wide: false },
  "plain": { relaxed: false, wide: false },
  "64-bit": { relaxed: true, wide: true },
};

for (const [name, target] of Object.entries(TARGETS)) {
  const test = (what: string, body: (memory: TestMemory) => void) =>
    Deno.test(`${name} kernels: ${what}`, () => body(new TestMemory(target)));

  test("a product of panels is the product, and adds to what is there", (m) => {
    const rows = 12, columns = 24, depth = 20;
    const a = normals(rows * depth, "a"), b = normals(columns * depth, "b");
    const at = { a: m.put(a), b: m.put(b), c: m.room(rows * columns) };
    const aPanels = m.room(rows * depth), bPanels = m.room(columns * depth);
    m.kernels.packRows(at.a, aPanels, 4 * depth, rows / 6, depth);
    m.kernels.packColumns(at.b, bPanels, 4 * depth, columns / 8, depth);
    for (const first of [1, 0]) {
      m.kernels.product(
        aPanels,
        bPanels,
        at.c,
        rows / 6,
        columns / 8,
        depth,
        4 * columns,
        first,
      );
      const times = first === 1 ? 1 : 2;
      const c = m.floats(at.c, rows * columns);
      c.forEach((value, e) => {
        const i = Math.floor(e / columns), j = e % columns;
        const expected = inner(row(a, i, depth), row(b, j, depth));
        assertNear(value, times * expected, 1e-5);
      });
    }
  });

  test("mirroring makes the lower half of the upper one", (m) => {
    const size = 16, g = normals(size * size, "g"), at = m.put(g);
    for (const i of [0, 4]) m.kernels.mirror(at, 4 * size, i, 8, size);
    const after = m.floats(at, size * size);
    for (let i = 0; i < 8; i++) {
      for (let j = 8; j < size; j++) {
        assert.equal(after[j * size + i], g[i * size + j]);
      }
    }
  });

  test("coefficients are least squares on the support, whatever lay in their room", (m) => {
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
  });

  test("coefficients leave a dependent atom out, and refuse what is not positive", (m) => {
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
  });

  test("pursuits choose as the reference engine's do", (m) => {
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
  Deno.test(`${name} kernels: pursuits of long rows take the first of equals, in whatever lane and block`, () => {
    const atoms = 2048, k = 6, m = new TestMemory(target, 300);
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
  });

  test("rows and atoms are summed, projected and taken away", (m) => {
    const width = 84, rows = 6, uses = [4, 1, 5, 0];
    const r = normals(rows * width, "r"), x = normals(4, "x");
    const d = normals(width, "d"), e = normals(width, "e");
    const at = { r: m.put(r), d: m.put(d), e: m.put(e), x: m.put(x) };
    const list = m.put(uses, "u32"), y = m.room(4), v = m.put(d);
    const bytes = 4 * width, of = (u: number) => row(r, u, width);
    m.kernels.sum(v, at.r, list, at.x, 4, bytes);
    m.floats(v, width).forEach((value, p) =>
      assertNear(value, d[p] + inner(uses.map((u) => of(u)[p]), x), 1e-5)
    );
    m.kernels.project(at.d, at.r, list, at.x, y, 4, bytes, 0.5, -1);
    m.floats(y, 4).forEach((value, u) =>
      assertNear(value, Math.max(-1, inner(d, of(uses[u])) + 0.5 * x[u]), 1e-5)
    );
    const next = m.floats(y, 4).slice();
    m.kernels.apply(at.r, list, at.x, y, at.d, at.e, 3, bytes);
    m.floats(at.r, rows * width).forEach((value, i) => {
      const p = i % width, u = uses.indexOf(Math.floor(i / width));
      const moved = u < 0 || u > 2 ? 0 : x[u] * d[p] - next[u] * e[p];
      assertNear(value, r[i] + moved, 1e-5);
    });
    const left = m.put(d), atoms = m.put(r);
    m.kernels.residual(left, atoms, list, at.x, 4, bytes);
    m.floats(left, width).forEach((value, p) =>
      assertNear(value, d[p] - inner(uses.map((u) => of(u)[p]), x), 1e-5)
    );
  });

  test("vectors are measured, moved and normalised", (m) => {
    const width = 84, d = normals(width, "d"), e = normals(width, "e");
    const at = { d: m.put(d), e: m.put(e), rows: m.put([...d, ...e]) };
    const bytes = 4 * width, off = d.map((value, p) => value - e[p]);
    assertNear(m.kernels.dot(at.d, at.e, bytes), inner(d, e), 1e-5);
    assertNear(m.kernels.distance(at.d, at.e, bytes), inner(off, off), 1e-5);
    const greatest = Math.max(...d.map(Math.abs));
    assert.equal(m.kernels.greatest(at.d, bytes), greatest);
    m.kernels.normalise(at.rows, at.e, 3, 2, bytes);
    m.floats(at.rows, 2 * width).forEach((value, i) => {
      const expected = i < width ? 3 * off[i] : 0;
      assertNear(value, expected, 1e-6);
    });
    m.kernels.step(at.d, at.e, 0.5, 2, bytes);
    m.floats(at.d, width).forEach((value, p) =>
      assertNear(value, 2 * (d[p] + 0.5 * e[p]), 1e-6)
    );
  });
}

Deno.test("the probe tells multiply-add that rounds once from one that rounds twice", () => {
  const { kernels } = new TestMemory({ relaxed: false, wide: false });
  assert.equal(kernels.probe(), 0);
  const relaxed = new TestMemory({ relaxed: true, wide: false });
  assert([0, 2 ** -24].includes(relaxed.kernels.probe()));
});

interface Problem {
  unit: Float32Array[];
  gram: Float32Array;
  correlations: Float32Array;
}

function problem(atoms: number, width: number, random: Random): Problem {
  const unit = rowsOf(unitRows(atoms, width, () => random.normal()), width)
    .map((atom) => Float32Array.from(atom));
  const gram = unit.flatMap((a) => unit.map((b) => inner(a, b)));
  return {
    unit,
    gram: Float32Array.from(gram),
    correlations: normals(atoms, random),
  };
}

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

function normals(
  count: number,
  label: string | Random,
): Float32Array {
  const random = typeof label === "string" ? randomStream(7, label) : label;
  return new Float32Array(count).map(() => random.normal());
}

function row(values: Float32Array, i: number, width: number): Float32Array {
  return values.subarray(i * width, (i + 1) * width);
}

function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += a[p] * b[p];
  return sum;
}

function assertNear(value: number, expected: number, off: number): void {
  assert(Math.abs(value - expected) <= off * (1 + Math.abs(expected)));
}
