import assert from "node:assert/strict";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import { supportOf, valuesOf } from "./codes.ts";
import {
  encodedBy,
  type EngineUnderTest,
  plainSpec,
  withEngine,
} from "./engines.ts";
import { stepOf } from "./iterated.ts";
import { randomValues } from "./planted.ts";
import { inner, leastSquaresOn, residualOf, rowsOf } from "./reference.ts";
import { errorOn, replaced } from "./replacement.ts";

const SIZES = { width: 31, atoms: 67, rows: 203, sparsity: 6 };

/** Swap passes after OMP, on every engine. */
export function refinementSuite(engine: EngineUnderTest): void {
  const test = (name: string, body: () => Promise<void>) =>
    Deno.test(`${engine.name} engine: ${name}`, body);
  const { normal } = randomStream(4, "refinement");
  const dictionary = unitRows(SIZES.atoms, SIZES.width, normal);
  const data = randomValues(SIZES.rows * SIZES.width, "refined rows");

  const codes = (
    spec: ReturnType<typeof plainSpec>,
    rows = data,
    atoms = dictionary,
  ) => encodedBy(engine, spec, atoms, rows);

  test("swap passes agree with textbook replacement", async () => {
    const plain = await codes(plainSpec(SIZES));
    const refined = await codes(plainSpec(SIZES, { coder: { refine: 2 } }));
    const atoms = rowsOf(dictionary, SIZES.width);
    const compared = 70;
    let same = 0, changed = 0;
    rowsOf(data, SIZES.width).slice(0, compared).forEach((y, i) => {
      const before = supportOf(plain, i), after = supportOf(refined, i);
      const expected = replaced(atoms, before, y, 2);
      if (after.join() === expected.join()) same++;
      if (after.join() !== before.join()) changed++;
      assert.equal(after.length, before.length);
      const energy = inner(y, y);
      const error = errorOn(atoms, after, y);
      assert(error <= errorOn(atoms, before, y) + 1e-6 * energy);
      assert(Math.abs(error - errorOn(atoms, expected, y)) < 1e-4 * energy);
      const x = leastSquaresOn(atoms, after, y);
      valuesOf(refined, i).forEach((value, s) =>
        assert(Math.abs(value - x[s]) < 1e-4 * Math.sqrt(energy))
      );
      assert(Math.abs(refined.residual[i] - error / energy) < 1e-5);
    });
    assert(same >= 0.99 * compared, `${same} of ${compared}`);
    assert(changed > 20, `${changed} supports changed`);
  });

  test("a tolerance's supports are refined, without another nonzero", async () => {
    const coder = { tolerance: 0.6 };
    const plain = await codes(plainSpec(SIZES, { coder }));
    const refined = await codes(
      plainSpec(SIZES, { coder: { ...coder, refine: 3 } }),
    );
    let better = 0;
    for (let i = 0; i < SIZES.rows; i++) {
      assert.equal(supportOf(refined, i).length, supportOf(plain, i).length);
      assert(refined.residual[i] <= plain.residual[i] + 1e-6);
      if (refined.residual[i] < plain.residual[i] - 1e-6) better++;
    }
    assert(better > 5);
  });

  test("rows of zeros and duplicate atoms are refined without harm", async () => {
    const half = SIZES.atoms >> 1, twins = dictionary.slice();
    twins.copyWithin(half * SIZES.width, 0, half * SIZES.width);
    const rows = data.slice();
    rows.fill(0, 0, SIZES.width);
    const sizes = { ...SIZES, sparsity: 20 };
    const spec = plainSpec(sizes, { coder: { refine: 10 } });
    const found = await codes(spec, rows, twins);
    assert.equal(supportOf(found, 0).length, 0);
    assert(found.values.every(Number.isFinite));
    for (let i = 1; i < SIZES.rows; i++) {
      const support = supportOf(found, i);
      assert.equal(new Set(support).size, support.length);
      assert(found.residual[i] < 0.5);
    }
  });

  test("one nonzero, and one atom, are left as they are", async () => {
    for (const atoms of [SIZES.atoms, 1]) {
      const sizes = { ...SIZES, atoms, sparsity: 1 };
      const own = dictionary.slice(0, atoms * SIZES.width);
      const plain = await codes(plainSpec(sizes), data, own);
      const spec = plainSpec(sizes, { coder: { refine: 2 } });
      const refined = await codes(spec, data, own);
      assert.deepEqual(refined.indices, plain.indices);
    }
  });

  test("refined codes of a group never depend on later groups", async () => {
    const sizes = { width: 31, atoms: 64, rows: SIZES.rows, sparsity: 7 };
    const coder = { refine: 2 };
    const whole = await codes(
      plainSpec(sizes, { groups: [16, 16, 32], coder }),
      data,
      dictionary.slice(0, 64 * 31),
    );
    const prefix = await codes(
      plainSpec({ ...sizes, atoms: 32, sparsity: 4 }, {
        groups: [16, 16],
        coder,
      }),
      data,
      dictionary.slice(0, 32 * 31),
    );
    for (let i = 0; i < sizes.rows; i++) {
      assert.deepEqual(
        whole.indices.subarray(7 * i, 7 * i + 4),
        prefix.indices.subarray(4 * i, 4 * i + 4),
      );
      const last = whole.indices.subarray(7 * i + 4, 7 * i + 7);
      assert(last.every((j) => j === EMPTY_SLOT || j >= 32));
    }
  });

  test("an iteration shrinks the codes of refined supports", async () => {
    const spec = plainSpec(SIZES, { coder: { refine: 2 } });
    const ridge = 0.7, atoms = rowsOf(dictionary, SIZES.width);
    const supports = await codes(spec);
    const { codingError, nonzeros } = await withEngine(
      engine,
      spec,
      dictionary,
      async (e) => {
        const rows = { data: data.slice(), rows: SIZES.rows };
        await e.iterate(rows, stepOf(spec, { ridge }));
        return (await e.reports())[0];
      },
    );
    let expected = 0, energy = 0;
    rowsOf(data, SIZES.width).forEach((y, i) => {
      const support = supportOf(supports, i);
      const x = leastSquaresOn(atoms, support, y, ridge);
      const left = residualOf(atoms, support, x, y);
      expected += inner(left, left);
      energy += inner(y, y);
    });
    assert.equal(nonzeros, SIZES.rows * SIZES.sparsity);
    assert(Math.abs(codingError - expected) < 1e-5 * energy);
  });
}
