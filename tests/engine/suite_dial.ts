import assert from "node:assert/strict";
import fc from "fast-check";
import type { CoderOptions, Codes } from "../../src/engine/engine.ts";
import { groupSparsities } from "../../src/engine/group_sparsities.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import { supportOf, valuesOf } from "./codes.ts";
import { type EngineUnderTest, plainSpec, withEngine } from "./engines.ts";
import { iterateOnce } from "./iterated.ts";
import { randomValues } from "./planted.ts";
import {
  type Dial,
  inner,
  leastSquaresOn,
  nonnegativeByBruteForce,
  pursueDialled,
  residualOf,
  rowsOf,
} from "./reference.ts";

const SIZES = { width: 31, atoms: 67, rows: 203, sparsity: 6 };
const DICTIONARY = unitRows(
  SIZES.atoms,
  SIZES.width,
  randomStream(5, "dial").normal,
);
const DATA = randomValues(SIZES.rows * SIZES.width, "dialled rows");

/** The coder's dial: selection ridge, weights, candidates and shares of the nonzeros. */
export function dialSuite(engine: EngineUnderTest): void {
  const test = (name: string, body: () => Promise<void>) =>
    Deno.test(`${engine.name} engine: ${name}`, body);
  const codes = codesOf(engine);

  test("groups take the nonzeros that they are given", async () => {
    const found = await codes({ groupSparsity: [1, 4, 1] }, [16, 16, 35]);
    for (let i = 0; i < SIZES.rows; i++) {
      const support = supportOf(found, i);
      assert.equal(support.filter((j) => j < 16).length, 1);
      assert.equal(support.filter((j) => j >= 16 && j < 32).length, 4);
      assert.equal(support.filter((j) => j >= 32).length, 1);
    }
  });
  choiceTests(engine, test);
  harmlessTests(engine, test);
}

type Test = (name: string, body: () => Promise<void>) => void;

function codesOf(engine: EngineUnderTest) {
  return (
    coder: Partial<CoderOptions>,
    groups = [SIZES.atoms],
    { rows = DATA, atoms = DICTIONARY, sizes = SIZES } = {},
  ): Promise<Codes> =>
    withEngine(
      engine,
      plainSpec(sizes, { coder, groups }),
      atoms,
      (e) => e.encode({ data: rows.slice(), rows: rows.length / sizes.width }),
    );
}

// Factors of the groups, the largest made 1.
function weightsOf(factors: number[], sizes: number[]): Float32Array {
  const most = Math.max(...factors);
  return Float32Array.from(
    sizes.flatMap((size, g) => Array(size).fill(factors[g] / most)),
  );
}

function choiceTests(engine: EngineUnderTest, test: Test): void {
  const codes = codesOf(engine);
  const atoms = rowsOf(DICTIONARY, SIZES.width);

  test("a dialled choice agrees with a float64 pursuit", async () => {
    const weights = weightsOf([1.5, 1], [20, 47]);
    const dials: [Partial<CoderOptions>, Dial][] = [
      [{ selectionRidge: 0.3 }, { ridge: 0.3 }],
      [{ weights }, { weights }],
      [{ candidates: "positive" }, { positive: true }],
      [
        { selectionRidge: 1, weights, candidates: "positive" },
        { ridge: 1, weights, positive: true },
      ],
    ];
    const plain = await codes({});
    for (const [coder, dial] of dials) {
      const found = await codes(coder);
      let same = 0, changed = 0;
      rowsOf(DATA, SIZES.width).forEach((y, i) => {
        const { support } = pursueDialled(atoms, y, SIZES.sparsity, dial);
        const mine = supportOf(found, i);
        if (mine.join() === support.join()) same++;
        if (mine.join() !== supportOf(plain, i).join()) changed++;
        assertLeastSquares(found, i, y);
      });
      assert(same >= 0.99 * SIZES.rows, `${same} of ${SIZES.rows}`);
      assert(changed > 20, `${changed} supports changed`);
    }
  });

  test("a huge selection ridge takes the largest correlations", async () => {
    const found = await codes({ selectionRidge: 1e6 });
    let same = 0;
    rowsOf(DATA, SIZES.width).forEach((y, i) => {
      const sizes = atoms.map((d) => Math.abs(inner(d, y)));
      const order = sizes.map((_, j) => j).sort((a, b) => sizes[b] - sizes[a]);
      const expected = order.slice(0, SIZES.sparsity);
      if (supportOf(found, i).join() === expected.join()) same++;
    });
    assert(same >= 0.99 * SIZES.rows, `${same} of ${SIZES.rows}`);
  });

  test("non-negative codes of a dialled choice are the best on their support", async () => {
    const sizes = { ...SIZES, sparsity: 4 };
    const coder = { selectionRidge: 0.5, nonnegative: true };
    const found = await codes(coder, [SIZES.atoms], { sizes });
    rowsOf(DATA, SIZES.width).forEach((y, i) => {
      const support = supportOf(found, i), values = valuesOf(found, i);
      assert(values.every((v) => v > 0));
      const best = nonnegativeByBruteForce(atoms, support, y);
      const length = Math.sqrt(inner(y, y));
      values.forEach((v, s) => assert(Math.abs(v - best[s]) < 1e-4 * length));
    });
  });

  test("a dialled choice holds within groups, whose codes need no later group", async () => {
    const coder = { selectionRidge: 0.3, groupSparsity: [3, 3] };
    const whole = await codes(coder, [20, 47]);
    const sizes = { ...SIZES, atoms: 20, sparsity: 3 };
    const prefix = await codes({ selectionRidge: 0.3 }, [20], {
      sizes,
      atoms: DICTIONARY.slice(0, 20 * SIZES.width),
    });
    for (let i = 0; i < SIZES.rows; i++) {
      assert.deepEqual(supportOf(whole, i).slice(0, 3), supportOf(prefix, i));
      assert.deepEqual(valuesOf(whole, i).slice(0, 3), valuesOf(prefix, i));
    }
  });

  test("an iteration's codes are dialled as well", async () => {
    const coder = { selectionRidge: 0.5, candidates: "positive" as const };
    const run = (coder: Partial<CoderOptions>) =>
      iterateOnce(engine, plainSpec(SIZES, { coder }), DICTIONARY, DATA);
    const plain = await run({}), dialled = await run(coder);
    const uses = new Uint32Array(SIZES.atoms);
    for (let i = 0; i < SIZES.rows; i++) {
      for (const j of supportOf(dialled.before, i)) uses[j]++;
    }
    assert.deepEqual(dialled.report.usage, uses);
    assert.notDeepEqual(dialled.report.usage, plain.report.usage);
  });
}

function harmlessTests(engine: EngineUnderTest, test: Test): void {
  const codes = codesOf(engine);

  test("a dial at rest changes no byte", async () => {
    const atRest = {
      selectionRidge: 0,
      weights: new Float32Array(SIZES.atoms).fill(1),
      candidates: "signed" as const,
    };
    for (const coder of [{}, { nonnegative: true }, { refine: 2 }]) {
      for (const groups of [[67], [20, 47]]) {
        const { candidates, ...rest } = atRest;
        const dial = "nonnegative" in coder ? rest : { ...rest, candidates };
        assert.deepEqual(
          await codes({ ...coder, ...dial }, groups),
          await codes(coder, groups),
        );
      }
    }
  });

  test("weights are of no account within a group that shares them", async () => {
    const groups = [20, 47];
    const weights = weightsOf([1.5, 1], groups);
    const weighted = await codes({ weights }, groups);
    const plain = await codes({}, groups);
    for (let i = 0; i < SIZES.rows; i++) {
      assert.deepEqual(supportOf(weighted, i), supportOf(plain, i));
    }
  });

  test("dialled codes of any rows are distinct, finite and least squares", async () => {
    const options = fc.record({
      selectionRidge: fc.constantFrom(0, 1e-3, 0.3, 1, 100),
      candidates: fc.constantFrom("signed" as const, "positive" as const),
      factor: fc.constantFrom(1, 1.2, 3),
      twins: fc.boolean(),
      seed: fc.integer({ min: 0, max: 1000 }),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ factor, twins, seed, ...coder }) => {
        const { normal } = randomStream(seed, "dialled");
        const atoms = unitRows(SIZES.atoms, SIZES.width, normal);
        if (twins) atoms.copyWithin(30 * SIZES.width, 0, 30 * SIZES.width);
        const rows = DATA.slice(0, 20 * SIZES.width);
        rows.fill(0, 0, SIZES.width);
        const weights = weightsOf([factor, 1], [20, 47]);
        const found = await codes({ ...coder, weights }, [SIZES.atoms], {
          rows,
          atoms,
        });
        assert.equal(supportOf(found, 0).length, 0);
        assert(found.values.every(Number.isFinite));
        assert(found.residual.every((r) => r >= 0 && r <= 1 + 1e-5));
        rowsOf(rows, SIZES.width).forEach((y, i) => {
          const support = supportOf(found, i);
          assert.equal(new Set(support).size, support.length);
          assertLeastSquares(found, i, y, atoms);
        });
      }),
      { numRuns: 20 },
    );
  });
}

function assertLeastSquares(
  codes: Codes,
  row: number,
  y: Float64Array,
  dictionary = DICTIONARY,
): void {
  const atoms = rowsOf(dictionary, SIZES.width);
  const support = supportOf(codes, row), values = valuesOf(codes, row);
  const x = leastSquaresOn(atoms, support, y);
  const error = (x: number[]) => {
    const left = residualOf(atoms, support, x, y);
    return inner(left, left);
  };
  assert(error(values) - error(x) <= 1e-6 * inner(y, y), `row ${row}`);
}

Deno.test("groupSparsities() gives every k its part of the shares, never less for more", () => {
  const shares = fc.array(fc.integer({ min: 1, max: 12 }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(fc.property(shares, (shares) => {
    const most = shares.reduce((sum, share) => sum + share, 0);
    const groups = shares.map(() => 100);
    assert.deepEqual(groupSparsities(groups, most, shares), shares);
    let before = groupSparsities(groups, shares.length, shares);
    assert(before.every((share) => share === 1));
    for (let k = shares.length + 1; k <= most; k++) {
      const now = groupSparsities(groups, k, shares);
      assert.equal(now.reduce((sum, share) => sum + share, 0), k);
      assert(now.every((share, g) => share >= before[g]));
      before = now;
    }
  }));
  assert.deepEqual(groupSparsities([32, 480], 9, [8, 8]), [5, 4]);
});
