import assert from "node:assert/strict";
import fc from "fast-check";
import { gram } from "../../src/engine/reference/products.ts";
import { Pursuit } from "../../src/engine/reference/pursuit.ts";
import { Refinement } from "../../src/engine/reference/refinement.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import {
  inner,
  leastSquaresOn,
  nonnegativeByBruteForce,
  pursue,
  rowsOf,
} from "./reference.ts";
import { errorOn, replaced } from "./replacement.ts";

interface Problem {
  width: number;
  atoms: number;
  sparsity: number;
  seed: number;
}

const problems = fc.record({
  width: fc.integer({ min: 1, max: 24 }),
  atoms: fc.integer({ min: 1, max: 40 }),
  sparsity: fc.integer({ min: 1, max: 7 }),
  seed: fc.nat(),
}).map((drawn): Problem => ({
  ...drawn,
  sparsity: Math.min(drawn.sparsity, drawn.width, drawn.atoms),
}));

function make({ width, atoms, seed }: Problem) {
  const random = randomStream(seed, "refine", width, atoms);
  const dictionary = unitRows(atoms, width, random.normal);
  const g = new Float32Array(atoms * atoms);
  gram(dictionary, atoms, width, g);
  const y = Float64Array.from({ length: width }, () => random.normal());
  const unit = rowsOf(dictionary, width);
  const correlations = Float32Array.from(unit, (d) => inner(d, y));
  return { g, y, unit, correlations, energy: inner(y, y) };
}

function code(
  problem: Problem,
  made: ReturnType<typeof make>,
  refine: number,
  nonnegative = false,
) {
  const { atoms, sparsity } = problem;
  const pursuit = new Pursuit(made.g, atoms, {
    method: "omp",
    sparsity,
    nonnegative,
    refit: false,
    ridge: 0,
    refine,
  });
  const indices = new Uint32Array(sparsity),
    values = new Float32Array(sparsity);
  pursuit.run(made.correlations, made.energy, 0, indices, values);
  const support = [...indices].filter((j) => j !== EMPTY_SLOT);
  return { support, values: [...values].slice(0, support.length) };
}

Deno.test("refinement swaps as textbook replacement does", () => {
  let swapped = 0;
  fc.assert(
    fc.property(problems, fc.integer({ min: 1, max: 3 }), (problem, passes) => {
      const made = make(problem), { unit, y } = made;
      const plain = code(problem, made, 0);
      const refined = code(problem, made, passes);
      const nearest = Math.min(
        1,
        ...plain.support.map((j, s) =>
          errorOn(unit, plain.support.toSpliced(s, 1), unit[j])
        ),
      );
      const expected = nearest < 1e-3
        ? plain.support
        : replaced(unit, plain.support, y, passes);
      if (expected.join() !== plain.support.join()) swapped++;
      // Rounding may decide between two that are as good.
      const error = errorOn(unit, refined.support, y);
      assert(Math.abs(error - errorOn(unit, expected, y)) < 1e-6 * made.energy);
      assert.equal(refined.support.length, plain.support.length);
      assert.equal(new Set(refined.support).size, refined.support.length);
      const x = leastSquaresOn(unit, refined.support, y);
      if (nearest < 1e-3) return;
      refined.values.forEach((value, s) =>
        assert(Math.abs(value - x[s]) < 1e-4 * Math.sqrt(made.energy))
      );
    }),
    { seed: 7, numRuns: 300 },
  );
  assert(swapped > 30, `${swapped} supports changed`);
});

Deno.test("refinement never raises an error, and ends where no swap is left", () => {
  fc.assert(
    fc.property(problems, (problem) => {
      const made = make(problem), { unit, y } = made;
      const errors = [0, 1, 2, 10].map((passes) =>
        errorOn(unit, code(problem, made, passes).support, y)
      );
      errors.slice(1).forEach((error, i) =>
        assert(error <= errors[i] + 1e-9 * made.energy)
      );
      const last = code(problem, made, 10).support;
      const better = replaced(unit, last, y, 1);
      assert(errorOn(unit, better, y) > errors[3] - 1e-3 * made.energy);
    }),
    { seed: 8, numRuns: 200 },
  );
});

Deno.test("refinement finds what a greedy choice missed", () => {
  // The third atom is the best single one for d₀ + d₁, and the wrong one for two.
  const unit = rowsOf(
    Float32Array.of(1, 0, 0, 0, 1, 0, 0.6, 0.6, Math.sqrt(1 - 0.72)),
    3,
  );
  const g = Float32Array.from(
    unit.flatMap((a) => unit.map((b) => inner(a, b))),
  );
  const y = Float64Array.of(1, 1, 0);
  assert.deepEqual(pursue(unit, y, 2).support.includes(2), true);
  const support = Uint32Array.from(pursue(unit, y, 2).support);
  const refinement = new Refinement(g, 3, {
    sparsity: 2,
    passes: 2,
    nonnegative: false,
  });
  const correlations = Float64Array.from(unit, (d) => inner(d, y));
  assert.equal(refinement.run(correlations, 2, support), 1);
  assert.deepEqual([...support].sort(), [0, 1]);
  assert.equal(refinement.run(correlations, 2, support), 0);
});

Deno.test("refinement leaves empty supports, single atoms and dependent ones alone", () => {
  const problem = { width: 8, atoms: 12, sparsity: 4, seed: 3 };
  const made = make(problem);
  const correlations = Float64Array.from(made.correlations);
  const refinement = (g: Float32Array) =>
    new Refinement(g, 12, { sparsity: 4, passes: 10, nonnegative: false });
  const none = new Uint32Array(0);
  assert.equal(refinement(made.g).run(correlations, made.energy, none), 0);
  const best = Uint32Array.from(pursue(made.unit, made.y, 1).support);
  assert.equal(refinement(made.g).run(correlations, made.energy, best), 0);
  // Atom 1 becomes atom 0's twin: a support of both has no inverse.
  made.unit[1].set(made.unit[0]);
  const g = Float32Array.from(
    made.unit.flatMap((a) => made.unit.map((b) => inner(a, b))),
  );
  const twins = Uint32Array.of(0, 1);
  assert.equal(refinement(g).run(correlations, made.energy, twins), 0);
  assert.deepEqual([...twins], [0, 1]);
  const codes = code(problem, { ...made, g }, 10);
  assert(codes.support.filter((j) => j < 2).length < 2);
});

Deno.test("refined non-negative codes are positive, the best on their support and never worse", () => {
  let better = 0;
  fc.assert(
    fc.property(problems, (problem) => {
      const made = make(problem), { unit, y } = made;
      const errorOf = ({ support, values }: ReturnType<typeof code>) => {
        const left = y.slice();
        support.forEach((j, s) =>
          left.forEach((_, p) => left[p] -= values[s] * unit[j][p])
        );
        return inner(left, left);
      };
      const plain = code(problem, made, 0, true);
      const refined = code(problem, made, 3, true);
      assert(refined.values.every((value) => value > 0));
      assert(refined.support.length <= plain.support.length);
      const best = nonnegativeByBruteForce(unit, refined.support, y);
      const least = errorOf({ support: refined.support, values: best });
      assert(errorOf(refined) - least < 1e-5 * made.energy);
      const gained = errorOf(plain) - errorOf(refined);
      assert(gained > -1e-5 * made.energy);
      if (gained > 1e-3 * made.energy) better++;
    }),
    { seed: 9, numRuns: 200 },
  );
  assert(better > 10, `${better} codes became better`);
});
