import assert from "node:assert/strict";
import type {
  Engine,
  EngineSpec,
  IterationStep,
} from "../../src/engine/engine.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import { type EngineUnderTest, plainSpec, withEngine } from "./engines.ts";
import {
  assertExactUpdate,
  codesOf,
  greatest,
  iterateOnce,
  jittered,
  referenceUpdate,
  stepOf,
} from "./iterated.ts";
import { plant, randomValues } from "./planted.ts";
import { inner, leastSquaresOn, residualOf, rowsOf } from "./reference.ts";

const SIZES = { width: 29, atoms: 41, rows: 307, sparsity: 4 };

/** Iterations: updates against float64 references, memory, sparsity, replacement, sameness of bytes. */
export function iterationSuite(engine: EngineUnderTest): void {
  const test = (name: string, body: () => Promise<void>) =>
    Deno.test(`${engine.name} engine: ${name}`, body);

  const iterated = (
    spec: EngineSpec,
    dictionary: Float32Array,
    data: Float32Array<ArrayBuffer>,
    changes?: Partial<IterationStep>,
    weights?: Float32Array,
  ) => iterateOnce(engine, spec, dictionary, data, changes, weights);

  test("an exact update is K-SVD's, by a full SVD in float64", async () => {
    await assertExactUpdate(engine, {
      width: 40,
      atoms: 60,
      rows: 300,
      sparsity: 5,
    });
  });

  test("an atom batch is updated from one stale residual", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "stale");
    const start = jittered(dictionary, SIZES.width);
    for (const atomBatch of [1, 7, SIZES.atoms]) {
      const done = await iterated(plainSpec(SIZES), start, data, { atomBatch });
      const expected = referenceUpdate(
        SIZES.width,
        data,
        start,
        done.before,
        atomBatch,
      );
      const off = greatest(done.dictionary, expected.dictionary);
      assert(off < 1e-4, `B = ${atomBatch}: ${off}`);
      assert(
        Math.abs(done.report.updatedError - expected.error) <
          1e-4 * done.report.energy,
      );
    }
  });

  test("reports give the energy, the coding error and the uses", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "report");
    const { report, before } = await iterated(
      plainSpec(SIZES),
      dictionary,
      data,
    );
    const rows = rowsOf(data, SIZES.width);
    const atoms = rowsOf(dictionary, SIZES.width);
    let energy = 0, error = 0, nonzeros = 0;
    const usage = new Uint32Array(SIZES.atoms);
    codesOf(before).forEach(({ support, x }, i) => {
      const left = residualOf(atoms, support, x, rows[i]);
      energy += inner(rows[i], rows[i]);
      error += inner(left, left);
      nonzeros += support.length;
      support.forEach((j) => usage[j]++);
    });
    assert(Math.abs(report.energy - energy) < 1e-4 * energy);
    assert(Math.abs(report.codingError - error) < 1e-4 * energy);
    assert.equal(report.nonzeros, nonzeros);
    assert.deepEqual(report.usage, usage);
  });

  test("one atom at a time never raises the error without ridge", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "falls");
    const start = jittered(dictionary, SIZES.width);
    for (const powerSteps of [1, 3]) {
      const spec = plainSpec(SIZES, { powerSteps });
      const { report } = await iterated(spec, start, data, { atomBatch: 1 });
      assert(report.updatedError < report.codingError);
    }
  });

  test("memory holds an atom to what earlier batches made of it", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "memory");
    const start = jittered(dictionary, SIZES.width);
    const spec = plainSpec(SIZES);
    const none = await iterated(spec, start, data);
    const weights = none.weights.map((w) => 4 * w);
    const same = await iterated(spec, start, data, {}, weights);
    const held = await iterated(spec, start, data, { memory: 0.5 }, weights);
    assert.deepEqual(same.dictionary, none.dictionary);
    const atoms = rowsOf(start, SIZES.width);
    const free = rowsOf(none.dictionary, SIZES.width);
    rowsOf(held.dictionary, SIZES.width).forEach((d, j) => {
      if (none.report.usage[j] === 0) return;
      assert(inner(d, atoms[j]) > inner(free[j], atoms[j]), `atom ${j}`);
      // Its weight: what was left of the old one, and Σ x² of this batch.
      const expected = 0.5 * weights[j] + none.weights[j];
      assert(Math.abs(held.weights[j] - expected) < 1e-3 * expected);
    });
    const squares = new Float64Array(SIZES.atoms);
    codesOf(none.before).forEach(({ support, x }) =>
      support.forEach((j, s) => squares[j] += x[s] * x[s])
    );
    squares.forEach((w, j) =>
      assert(Math.abs(none.weights[j] - w) < 1e-3 * (w || 1))
    );
  });

  test("ridge and soft threshold shrink codes as their formulas say", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "shrink");
    const ridge = 0.7, shrink = 0.5;
    const atoms = rowsOf(dictionary, SIZES.width);
    const rows = rowsOf(data, SIZES.width);
    const done = await iterated(plainSpec(SIZES), dictionary, data, {
      ridge,
      shrink,
    });
    const squares = new Float64Array(SIZES.atoms);
    let nonzeros = 0;
    codesOf(done.before).forEach(({ support }, i) => {
      const free = leastSquaresOn(atoms, support, rows[i], ridge);
      const pull = support.map((_, s) => shrink * Math.sign(free[s]));
      const x = leastSquaresOn(atoms, support, rows[i], ridge, pull);
      support.forEach((j, s) => {
        if (x[s] * free[s] <= 0) return;
        squares[j] += x[s] ** 2;
        nonzeros++;
      });
    });
    assert(nonzeros < SIZES.sparsity * SIZES.rows, "some are given up");
    assert.equal(done.report.nonzeros, nonzeros);
    squares.forEach((w, j) =>
      assert(Math.abs(done.weights[j] - w) < 1e-3 * (w || 1), `atom ${j}`)
    );
  });

  test("a step's sparsity bounds its codes, in groups too", async () => {
    const sizes = { ...SIZES, atoms: 40, sparsity: 7 };
    const dictionary = unitRows(40, 29, randomStream(6, "few").normal);
    const data = randomValues(sizes.rows * 29, "few rows");
    for (const groups of [[40], [8, 8, 24]]) {
      const spec = plainSpec(sizes, { groups });
      for (const sparsity of [3, 5]) {
        const { report } = await iterated(spec, dictionary, data, { sparsity });
        assert.equal(report.nonzeros, sparsity * sizes.rows);
      }
    }
  });

  test("replaced atoms are the worst rows' residuals, weightless", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "worst");
    const replace = Uint32Array.of(11, 3, 40);
    const spec = plainSpec(SIZES);
    const without = await iterated(spec, dictionary, data);
    const done = await iterated(spec, dictionary, data, { replace });
    const first = referenceUpdate(
      SIZES.width,
      data,
      dictionary,
      done.before,
      7,
    );
    const worst = first.residual.map((r, i) => ({ i, error: inner(r, r) }))
      .sort((a, b) => b.error - a.error);
    const atoms = rowsOf(done.dictionary, SIZES.width);
    [...replace].forEach((atom, rank) => {
      const { i, error } = worst[rank];
      const along = inner(atoms[atom], first.residual[i]) / Math.sqrt(error);
      assert(Math.abs(along) > 0.999, `atom ${atom} for row ${i}: ${along}`);
      assert.equal(done.weights[atom], 0);
    });
    atoms.forEach((d, j) => {
      if (replace.includes(j)) return;
      const other = without.dictionary.subarray(29 * j, 29 * (j + 1));
      assert.deepEqual(Float32Array.from(d), other);
    });
  });

  test("near-duplicates are reported, the less used one of each pair", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "twins");
    const n = SIZES.width;
    for (let p = 0; p < n; p++) dictionary[20 * n + p] = -dictionary[5 * n + p];
    const { report } = await iterated(plainSpec(SIZES), dictionary, data);
    const [kept, gone] = report.usage[20] > report.usage[5] ? [20, 5] : [5, 20];
    assert(report.usage[kept] > 0);
    assert.deepEqual([...report.duplicates], [gone]);
  });

  test("the same calls give the same bytes", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "bytes");
    const spec = plainSpec(SIZES, {
      groups: [9, 32],
      coder: { sparsity: 5, tolerance: 0.1 },
    });
    const run = () =>
      withEngine(engine, spec, dictionary, async (e: Engine) => {
        for (let i = 0; i < 4; i++) {
          await e.iterate(
            { data: data.slice(), rows: SIZES.rows },
            stepOf(spec, {
              ridge: 0.7,
              memory: 0.4,
              replace: Uint32Array.of(i),
            }),
          );
        }
        await e.reports();
        const codes = await e.encode({ data: data.slice(), rows: SIZES.rows });
        return [await e.readDictionary(), await e.readWeights(), codes];
      });
    assert.deepEqual(await run(), await run());
  });

  test("held rows do as streamed ones", async () => {
    const { data, dictionary } = plant(SIZES, 0.3, "held");
    const spec = plainSpec(SIZES);
    const streamed = await iterated(spec, dictionary, data);
    const held = await withEngine(engine, spec, dictionary, async (e) => {
      const number = await e.holdRows({ data: data.slice(), rows: SIZES.rows });
      assert(number !== undefined);
      await e.iterate({ held: number, rows: SIZES.rows }, stepOf(spec));
      await e.reports();
      return await e.readDictionary();
    });
    assert.deepEqual(held, streamed.dictionary);
  });

  test("unused atoms stay as they are", async () => {
    const { data, dictionary } = plant(SIZES, 0, "unused");
    const n = SIZES.width;
    // Rows and the other atoms keep clear of one dimension, which one atom has to itself.
    for (let e = n - 1; e < data.length; e += n) data[e] = 0;
    for (let e = n - 1; e < dictionary.length; e += n) dictionary[e] = 0;
    dictionary.fill(0, 7 * n, 8 * n);
    dictionary[8 * n - 1] = 1;
    const done = await iterated(plainSpec(SIZES), dictionary, data);
    assert.equal(done.report.usage[7], 0);
    assert.deepEqual(
      done.dictionary.subarray(7 * n, 8 * n),
      dictionary.subarray(7 * n, 8 * n),
    );
  });
}
