import assert from "node:assert/strict";
import type { EngineSpec } from "../../src/engine/engine.ts";
import { unitRows } from "../gpu/planted.ts";
import { supportOf, valuesOf } from "./codes.ts";
import {
  assertFinite,
  assertLeastSquares,
  normals,
  SIZES,
} from "./coding_checks.ts";
import { encodedBy, type EngineUnderTest, plainSpec } from "./engines.ts";
import { plant, randomValues } from "./planted.ts";
import {
  inner,
  leastSquaresOn,
  match,
  nonnegativeByBruteForce,
  pursue,
  residualOf,
  rowsOf,
} from "./reference.ts";
import { largestTests } from "./suite_largest.ts";

/** Coding: pursuits against float64 references, and rows and dictionaries that are out of the ordinary. */
export function codingSuite(engine: EngineUnderTest): void {
  const test = (name: string, body: () => Promise<void>) =>
    Deno.test(`${engine.name} engine: ${name}`, body);

  const codes = (
    spec: EngineSpec,
    dictionary: Float32Array,
    data: Float32Array<ArrayBuffer>,
  ) => encodedBy(engine, spec, dictionary, data);

  test("omp takes an atom that is nearly dependent on those chosen, and none that float32 cannot tell from them", async () => {
    // Two atoms at an angle whose squared sine is the second one's pivot.
    for (const [pivot, taken] of [[4e-6, 2], [2.5e-7, 1]] as const) {
      const dictionary = new Float32Array(2 * 4);
      dictionary[0] = 1;
      dictionary[4] = Math.sqrt(1 - pivot);
      dictionary[5] = Math.sqrt(pivot);
      const spec = plainSpec({ width: 4, atoms: 2, rows: 1, sparsity: 2 });
      const found = await codes(
        spec,
        dictionary,
        Float32Array.of(1, 0.1, 0, 0),
      );
      assert.equal(supportOf(found, 0).length, taken, `pivot ${pivot}`);
    }
  });

  test("omp finds exactly the planted supports under noise", async () => {
    for (const sparsity of [3, 10]) {
      const sizes = { width: 1000, atoms: 2000, rows: 30, sparsity };
      const levels = [0, 0.1, 0.3, 0.5, 0.8].map((noise) =>
        plant(sizes, noise, `support ${sparsity}`)
      );
      const data = new Float32Array(levels.length * levels[0].data.length);
      levels.forEach((level, l) => data.set(level.data, l * level.data.length));
      const rows = levels.length * sizes.rows;
      const found = await codes(
        plainSpec({ ...sizes, rows }),
        levels[0].dictionary,
        data,
      );
      for (let i = 0; i < rows; i++) {
        const planted = levels[0].codes[i % sizes.rows].support;
        assert.deepEqual(
          [...supportOf(found, i)].sort(),
          [...planted].sort(),
          `row ${i}`,
        );
      }
    }
  });

  test("omp agrees with a float64 pursuit and its least squares", async () => {
    const dictionary = unitRows(SIZES.atoms, SIZES.width, normals("omp"));
    const data = randomValues(SIZES.rows * SIZES.width, "omp rows");
    const found = await codes(plainSpec(SIZES), dictionary, data);
    const atoms = rowsOf(dictionary, SIZES.width);
    let same = 0;
    rowsOf(data, SIZES.width).forEach((y, i) => {
      const { support } = pursue(atoms, y, SIZES.sparsity);
      const mine = supportOf(found, i);
      if (mine.join() === support.join()) same++;
      assertLeastSquares(found, i, atoms, y);
    });
    assert(same >= 0.999 * SIZES.rows, `${same} of ${SIZES.rows}`);
  });

  test("mp agrees with a float64 matching pursuit, and refits", async () => {
    const dictionary = unitRows(SIZES.atoms, SIZES.width, normals("mp"));
    const data = randomValues(SIZES.rows * SIZES.width, "mp rows");
    const coder = { method: "mp" as const };
    const plain = await codes(plainSpec(SIZES, { coder }), dictionary, data);
    const refit = await codes(
      plainSpec(SIZES, { coder: { ...coder, refit: true } }),
      dictionary,
      data,
    );
    const atoms = rowsOf(dictionary, SIZES.width);
    let same = 0;
    rowsOf(data, SIZES.width).forEach((y, i) => {
      const expected = match(atoms, y, SIZES.sparsity);
      assertLeastSquares(refit, i, atoms, y);
      if (supportOf(plain, i).join() !== expected.support.join()) return;
      same++;
      valuesOf(plain, i).forEach((v, s) =>
        assert(Math.abs(v - expected.x[s]) < 1e-4 * Math.sqrt(inner(y, y)))
      );
    });
    assert(same >= 0.99 * SIZES.rows, `${same} of ${SIZES.rows}`);
  });

  test("non-negative codes are the best on their support", async () => {
    const sizes = { ...SIZES, sparsity: 4 };
    const dictionary = unitRows(sizes.atoms, sizes.width, normals("nn"));
    const data = randomValues(sizes.rows * sizes.width, "nn rows");
    for (const method of ["omp", "mp"] as const) {
      const found = await codes(
        plainSpec(sizes, {
          coder: { method, nonnegative: true, refit: method === "mp" },
        }),
        dictionary,
        data,
      );
      const atoms = rowsOf(dictionary, sizes.width);
      rowsOf(data, sizes.width).forEach((y, i) => {
        const support = supportOf(found, i), values = valuesOf(found, i);
        assert(values.every((v) => v > 0));
        const best = nonnegativeByBruteForce(atoms, support, y);
        const length = Math.sqrt(inner(y, y));
        values.forEach((v, s) => assert(Math.abs(v - best[s]) < 1e-4 * length));
      });
    }
  });

  test("a tolerance ends a row's pursuit as soon as it is met", async () => {
    const tolerance = 0.6;
    const dictionary = unitRows(SIZES.atoms, SIZES.width, normals("tol"));
    const data = randomValues(SIZES.rows * SIZES.width, "tol rows");
    const found = await codes(
      plainSpec(SIZES, { coder: { tolerance } }),
      dictionary,
      data,
    );
    const atoms = rowsOf(dictionary, SIZES.width);
    let early = 0;
    rowsOf(data, SIZES.width).forEach((y, i) => {
      const support = supportOf(found, i);
      const before = support.slice(0, -1);
      const x = leastSquaresOn(atoms, before, y);
      const left = residualOf(atoms, before, x, y);
      const share = inner(left, left) / inner(y, y);
      assert(share > tolerance ** 2 * (1 - 1e-4), `row ${i} has one too many`);
      if (support.length === SIZES.sparsity) return;
      early++;
      assert(found.residual[i] <= tolerance ** 2 * (1 + 1e-4));
    });
    assert(early > 0);
  });

  test("residual shares are those of the explicit residual", async () => {
    const mean = randomValues(SIZES.width, "mean");
    const dictionary = unitRows(SIZES.atoms, SIZES.width, normals("share"));
    const data = randomValues(SIZES.rows * SIZES.width, "share rows");
    const normalisation = { mean, scale: 3.7 };
    const found = await codes(
      plainSpec(SIZES, { normalisation }),
      dictionary,
      data,
    );
    const atoms = rowsOf(dictionary, SIZES.width);
    rowsOf(data, SIZES.width).forEach((raw, i) => {
      const y = raw.map((v, p) => v - mean[p]);
      const left = residualOf(
        atoms,
        supportOf(found, i),
        valuesOf(found, i),
        y,
      );
      const share = inner(left, left) / inner(y, y);
      assert(Math.abs(found.residual[i] - share) < 1e-5);
    });
  });

  test("rows of zeros and rows at the mean take no code", async () => {
    const sizes = { ...SIZES, rows: 4 };
    const dictionary = unitRows(sizes.atoms, sizes.width, normals("zero"));
    const mean = randomValues(sizes.width, "zero mean");
    const data = randomValues(4 * sizes.width, "zero rows");
    data.set(mean, 0);
    data.set(mean, 2 * sizes.width);
    for (const method of ["omp", "mp"] as const) {
      const found = await codes(
        plainSpec(sizes, {
          normalisation: { mean, scale: 1 },
          coder: { method },
        }),
        dictionary,
        data,
      );
      for (const row of [0, 2]) {
        assert.equal(supportOf(found, row).length, 0);
        assert.equal(found.residual[row], 0);
      }
      assert(supportOf(found, 1).length > 0);
    }
  });

  test("duplicate atoms are never taken together", async () => {
    const sizes = { ...SIZES, sparsity: 20 };
    const dictionary = unitRows(sizes.atoms, sizes.width, normals("twins"));
    const half = sizes.atoms >> 1;
    dictionary.copyWithin(half * sizes.width, 0, half * sizes.width);
    const data = randomValues(sizes.rows * sizes.width, "twin rows");
    const found = await codes(plainSpec(sizes), dictionary, data);
    assertFinite(found);
    for (let i = 0; i < sizes.rows; i++) {
      const different = new Set(supportOf(found, i).map((j) => j % half));
      // The last atom has no twin, and shares its remainder with atom 0's.
      assert(different.size >= supportOf(found, i).length - 1);
      assert(found.residual[i] < 0.5);
    }
  });

  test("one nonzero takes the most correlated atom", async () => {
    const sizes = { ...SIZES, sparsity: 1 };
    const dictionary = unitRows(sizes.atoms, sizes.width, normals("one"));
    const data = randomValues(sizes.rows * sizes.width, "one rows");
    const found = await codes(plainSpec(sizes), dictionary, data);
    const atoms = rowsOf(dictionary, sizes.width);
    rowsOf(data, sizes.width).forEach((y, i) => {
      const most = Math.max(...atoms.map((d) => Math.abs(inner(d, y))));
      assert.equal(supportOf(found, i).length, 1);
      assert(Math.abs(Math.abs(valuesOf(found, i)[0]) - most) < 1e-4);
    });
  });

  largestTests(codes, test);

  test("as many nonzeros as atoms, more than dimensions, stay finite", async () => {
    for (const width of [9, 40]) {
      const sizes = { width, atoms: 24, rows: 50, sparsity: 24 };
      const dictionary = unitRows(24, width, normals(`all ${width}`));
      const data = randomValues(50 * width, `all rows ${width}`);
      const found = await codes(plainSpec(sizes), dictionary, data);
      assertFinite(found);
      const atoms = rowsOf(dictionary, width);
      rowsOf(data, width).forEach((y, i) => {
        if (width === 9) assert(found.residual[i] < 1e-6);
        else assertLeastSquares(found, i, atoms, y);
      });
    }
  });
}
