// What holds for every problem: checked on random ones, on the CPU engine's own parts.
import assert from "node:assert/strict";
import fc from "fast-check";
import { atomLists } from "../../src/engine/reference/lists.ts";
import {
  gram,
  multiplyTransposed,
} from "../../src/engine/reference/products.ts";
import { Pursuit } from "../../src/engine/reference/pursuit.ts";
import { updateAtoms } from "../../src/engine/reference/update.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { permutation, randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { noise } from "./runs.ts";

/** A dictionary and rows: random, at times with repeated atoms and rows that are zero or an atom. */
interface Problem {
  width: number;
  atoms: number;
  sparsity: number;
  rows: number;
  dictionary: Float32Array;
  data: Float32Array;
}

const problems: fc.Arbitrary<Problem> = fc.record({
  width: fc.integer({ min: 1, max: 12 }),
  atoms: fc.integer({ min: 1, max: 24 }),
  sparsity: fc.integer({ min: 1, max: 6 }),
  rows: fc.integer({ min: 1, max: 30 }),
  seed: fc.nat(),
  odd: fc.boolean(),
}).map(({ width, atoms, sparsity, rows, seed, odd }) => {
  const dictionary = noise(atoms * width, 1, seed);
  const data = noise(rows * width, 1, seed + 1);
  if (odd) {
    dictionary.copyWithin(0, dictionary.length - width);
    data.fill(0, 0, width);
    data.set(dictionary.subarray(0, width), (rows - 1) * width);
  }
  for (let j = 0; j < atoms; j++) {
    const atom = dictionary.subarray(j * width, (j + 1) * width);
    const length = Math.hypot(...atom) || 1;
    atom.forEach((value, p) => atom[p] = value / length);
  }
  const k = Math.min(sparsity, atoms, width);
  return { width, atoms, sparsity: k, rows, dictionary, data };
});

interface Coded {
  indices: Uint32Array;
  values: Float32Array;
}

function code(
  { width, atoms, rows, dictionary, data }: Problem,
  sparsity: number,
  options: { method: "omp" | "mp"; nonnegative: boolean },
): Coded {
  const g = new Float32Array(atoms * atoms);
  gram(dictionary, atoms, width, g);
  const correlations = new Float32Array(rows * atoms);
  multiplyTransposed(data, rows, dictionary, atoms, width, correlations);
  const pursuit = new Pursuit(g, atoms, {
    ...options,
    sparsity,
    refit: false,
    ridge: 0,
  });
  const indices = new Uint32Array(rows * sparsity);
  const values = new Float32Array(rows * sparsity);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * width, (i + 1) * width);
    pursuit.run(
      correlations.subarray(i * atoms, (i + 1) * atoms),
      row.reduce((sum, value) => sum + value * value, 0),
      0,
      indices.subarray(i * sparsity, (i + 1) * sparsity),
      values.subarray(i * sparsity, (i + 1) * sparsity),
    );
  }
  return { indices, values };
}

/** Y − X·D in float64. */
function residualOf(
  { width, rows, data }: Problem,
  dictionary: Float32Array,
  { indices, values }: Coded,
): Float64Array {
  const residual = Float64Array.from(data);
  const sparsity = indices.length / rows;
  indices.forEach((atom, slot) => {
    if (atom === EMPTY_SLOT) return;
    const row = Math.floor(slot / sparsity);
    for (let p = 0; p < width; p++) {
      residual[row * width + p] -= values[slot] * dictionary[atom * width + p];
    }
  });
  return residual;
}

function lengths(values: ArrayLike<number>, width: number): number[] {
  return Array.from(
    { length: values.length / width },
    (_, i) =>
      Math.hypot(
        ...Array.from({ length: width }, (_, p) => values[i * width + p]),
      ),
  );
}

const coders = fc.constantFrom(
  { method: "omp" as const, nonnegative: false },
  { method: "omp" as const, nonnegative: true },
  { method: "mp" as const, nonnegative: false },
  { method: "mp" as const, nonnegative: true },
);

Deno.test("every update keeps the residual equal to Y − X·D and the atoms at unit length", () => {
  fc.assert(fc.property(
    problems,
    coders,
    fc.integer({ min: 1, max: 24 }),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(0, 0.9),
    (problem, coder, atomBatch, powerSteps, memory) => {
      const { width, atoms, sparsity } = problem;
      const { indices, values } = code(problem, sparsity, coder);
      const dictionary = problem.dictionary.slice();
      const state = {
        dictionary,
        residual: Float32Array.from(
          residualOf(problem, dictionary, { indices, values }),
        ),
        values,
        lists: atomLists(indices, atoms),
        weights: new Float32Array(atoms).fill(0.5),
        width,
        sparsity,
      };
      const order = permutation(atoms, randomStream(1, "order"));
      const scale = 1 + Math.max(...lengths(problem.data, width));
      for (let b = 0; b < atoms; b += atomBatch) {
        updateAtoms(state, order.slice(b, b + atomBatch), {
          powerSteps,
          exact: false,
          nonnegative: coder.nonnegative,
          memory,
        });
        const expected = residualOf(problem, dictionary, { indices, values });
        expected.forEach((value, at) =>
          assert(Math.abs(value - state.residual[at]) <= 1e-4 * scale)
        );
      }
      for (const length of lengths(dictionary, width)) {
        assert(Math.abs(length - 1) < 1e-5);
      }
      if (coder.nonnegative) assert(values.every((value) => value >= 0));
    },
  ));
});

Deno.test("no row's residual grows with one more step of orthogonal matching pursuit", () => {
  fc.assert(fc.property(problems, (problem) => {
    const { width, sparsity, dictionary } = problem;
    const omp = { method: "omp" as const, nonnegative: false };
    let before = lengths(problem.data, width);
    for (let k = 1; k <= sparsity; k++) {
      const after = lengths(
        residualOf(problem, dictionary, code(problem, k, omp)),
        width,
      );
      after.forEach((length, i) =>
        assert(length <= before[i] + 1e-5 * (1 + before[i]))
      );
      before = after;
    }
  }));
});

Deno.test("codes stay within the sparsity: distinct atoms that exist, finite, empty slots last", () => {
  fc.assert(fc.property(problems, coders, (problem, coder) => {
    const { sparsity, atoms, rows } = problem;
    const { indices, values } = code(problem, sparsity, coder);
    assert(values.every(Number.isFinite));
    for (let i = 0; i < rows; i++) {
      const row = [...indices.subarray(i * sparsity, (i + 1) * sparsity)];
      const used = row.filter((atom) => atom !== EMPTY_SLOT);
      assert.equal(new Set(used).size, used.length);
      assert(used.every((atom) => atom < atoms));
      assert(row.slice(used.length).every((atom) => atom === EMPTY_SLOT));
    }
  }));
});

Deno.test("atomLists() is a stable permutation of the used code slots", () => {
  const slot = fc.oneof(
    { arbitrary: fc.nat({ max: 9 }), weight: 3 },
    { arbitrary: fc.constant(EMPTY_SLOT), weight: 1 },
  );
  fc.assert(fc.property(fc.array(slot, { maxLength: 200 }), (list) => {
    const indices = Uint32Array.from(list);
    const { starts, slots } = atomLists(indices, 10);
    const used = list.flatMap((atom, at) => atom === EMPTY_SLOT ? [] : [at]);
    assert.deepEqual([...slots].sort((a, b) => a - b), used);
    for (let atom = 0; atom < 10; atom++) {
      const own = [...slots.subarray(starts[atom], starts[atom + 1])];
      assert(own.every((at) => indices[at] === atom));
      assert.deepEqual(own, own.toSorted((a, b) => a - b));
    }
  }));
});

Deno.test("one pass delivers each row once, and a pass gone on with delivers the rest of it in the same order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9000 }),
      fc.array(fc.integer({ min: 1, max: 4000 }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.option(fc.nat(), { nil: undefined }),
      fc.nat({ max: 9000 }),
      async (rowCount, sizes, shuffleSeed, skipRows) => {
        const source = rowsFromArray(
          Float32Array.from({ length: rowCount }, (_, row) => row),
          1,
        );
        const deliver = async (skipRows?: number) => {
          const rows: number[] = [];
          const batches = source.batches(sizes, { shuffleSeed, skipRows });
          for await (const { data } of batches) rows.push(...data);
          return rows;
        };
        const all = await deliver();
        assert.equal(all.length, rowCount);
        assert.equal(new Set(all).size, rowCount);
        assert.deepEqual(await deliver(skipRows), all.slice(skipRows));
      },
    ),
    { numRuns: 25 },
  );
});
