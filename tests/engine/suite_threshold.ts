import assert from "node:assert/strict";
import fc from "fast-check";
import type { CoderOptions, Codes } from "../../src/engine/engine.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import { supportOf, valuesOf } from "./codes.ts";
import { type EngineUnderTest, plainSpec, withEngine } from "./engines.ts";
import { iterateOnce } from "./iterated.ts";
import { randomValues } from "./planted.ts";
import {
  inner,
  leastSquaresOn,
  pursueDialled,
  residualOf,
  rowsOf,
} from "./reference.ts";

const SIZES = { width: 29, atoms: 67, rows: 203, sparsity: 12 };
const DICTIONARY = unitRows(
  SIZES.atoms,
  SIZES.width,
  randomStream(6, "shared nonzeros").normal,
);
// Rows of many lengths: a common threshold is for them.
const DATA = randomValues(SIZES.rows * SIZES.width, "rows that share")
  .map((value, i) => value * (0.2 + 3 * (Math.floor(i / SIZES.width) % 7) / 7));
const ATOMS = rowsOf(DICTIONARY, SIZES.width);
const ROWS = rowsOf(DATA, SIZES.width);
const THRESHOLD = 1.25;
const WEIGHTS = Float32Array.from(
  { length: SIZES.atoms },
  (_, j) => j < 20 ? 1 : 0.75,
);

/** Rows that end where no atom's correlation is above a threshold. */
export function thresholdSuite(engine: EngineUnderTest): void {
  const test = (name: string, body: () => Promise<void>) =>
    Deno.test(`${engine.name} engine: ${name}`, body);
  const codes = (
    coder: Partial<CoderOptions>,
    { groups = [SIZES.atoms], threshold, rows = DATA }: {
      groups?: number[];
      threshold?: number;
      rows?: Float32Array;
    } = {},
  ): Promise<Codes> =>
    withEngine(
      engine,
      plainSpec(SIZES, { coder, groups }),
      DICTIONARY,
      (e) => {
        const count = rows.length / SIZES.width;
        return e.encode({ data: rows.slice(), rows: count }, threshold);
      },
    );

  test("rows end where no correlation is above the threshold, as in a float64 pursuit", async () => {
    const dials = [
      {},
      { selectionRidge: 0.3 },
      { weights: WEIGHTS },
      { candidates: "positive" as const },
    ];
    for (const coder of dials) {
      const found = await codes({ ...coder, threshold: THRESHOLD });
      let same = 0;
      const counts = ROWS.map((y, i) => {
        const { support } = pursueDialled(ATOMS, y, SIZES.sparsity, {
          ridge: coder.selectionRidge,
          weights: coder.weights,
          positive: coder.candidates === "positive",
          threshold: THRESHOLD,
        });
        if (supportOf(found, i).join() === support.join()) same++;
        return support.length;
      });
      assert(same >= 0.99 * SIZES.rows, `${same} of ${SIZES.rows}`);
      assert(new Set(counts).size > 5, "rows have different numbers");
      assert(counts.includes(SIZES.sparsity) && counts.includes(0));
    }
  });

  test("under a threshold a row takes the first atoms that it takes without", async () => {
    for (const coder of [{}, { method: "mp" as const }]) {
      const free = await codes(coder);
      const ended = await codes({ ...coder, threshold: THRESHOLD });
      let shorter = 0;
      for (let i = 0; i < SIZES.rows; i++) {
        const support = supportOf(ended, i), whole = supportOf(free, i);
        assert.deepEqual(support, whole.slice(0, support.length));
        if (support.length < whole.length) shorter++;
      }
      assert(shorter > 50, `${shorter} rows end`);
    }
  });

  test("codes under a threshold are those of rows by themselves, least squares or positive", async () => {
    for (const nonnegative of [false, true]) {
      const coder = { threshold: THRESHOLD, nonnegative };
      const all = await codes(coder);
      const some = await codes(coder, {
        rows: DATA.slice(50 * SIZES.width, 63 * SIZES.width),
      });
      for (let i = 0; i < 13; i++) {
        assert.deepEqual(supportOf(some, i), supportOf(all, 50 + i));
        assert.deepEqual(valuesOf(some, i), valuesOf(all, 50 + i));
      }
      if (nonnegative) assert(all.values.every((value) => value >= 0));
      else ROWS.forEach((y, i) => assertLeastSquares(all, i, y));
    }
  });

  test("groups end at the threshold, and their codes need no later group", async () => {
    const coder = { threshold: THRESHOLD, groupSparsity: [5, 7] };
    const whole = await codes(coder, { groups: [20, 47] });
    const first = await withEngine(
      engine,
      plainSpec({ ...SIZES, atoms: 20, sparsity: 5 }, {
        coder: { threshold: THRESHOLD },
      }),
      DICTIONARY.slice(0, 20 * SIZES.width),
      (e) => e.encode({ data: DATA.slice(), rows: SIZES.rows }),
    );
    let later = 0;
    for (let i = 0; i < SIZES.rows; i++) {
      const support = supportOf(whole, i);
      const own = support.filter((j) => j < 20);
      assert.deepEqual(own, supportOf(first, i));
      if (own.length < 5 && support.length > own.length) later++;
    }
    assert(later > 0, "a group goes on where an earlier one ended");
  });

  test("a threshold of one call stands in for the coder's; 0 changes no byte", async () => {
    const plain = await codes({});
    assert.deepEqual(await codes({ threshold: 0 }), plain);
    assert.deepEqual(await codes({ threshold: 2 }, { threshold: 0 }), plain);
    const ended = await codes({ threshold: THRESHOLD });
    assert.deepEqual(await codes({}, { threshold: THRESHOLD }), ended);
    assert.notDeepEqual(ended, plain);
  });

  test("an iteration's codes end at the threshold as well", async () => {
    const spec = plainSpec(SIZES, { coder: { threshold: THRESHOLD } });
    const { before, report } = await iterateOnce(
      engine,
      spec,
      DICTIONARY,
      DATA,
    );
    const uses = new Uint32Array(SIZES.atoms);
    for (let i = 0; i < SIZES.rows; i++) {
      for (const j of supportOf(before, i)) uses[j]++;
    }
    assert.deepEqual(report.usage, uses);
    assert(report.nonzeros < SIZES.sparsity * SIZES.rows);
  });

  test("no threshold leaves a row more nonzeros than a lower one", async () => {
    const options = fc.record({
      sparsity: fc.constantFrom(1, 2, 7),
      method: fc.constantFrom("omp" as const, "mp" as const),
      thresholds: fc.array(fc.constantFrom(0, 1e-3, 0.5, 1, 3, 1e9), {
        minLength: 2,
        maxLength: 2,
      }),
      atoms: fc.integer({ min: 7, max: 67 }),
      scale: fc.constantFrom(1e-3, 1, 40),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ thresholds, atoms, ...coder }) => {
        const { scale, ...rest } = coder;
        const data = DATA.slice(0, 23 * SIZES.width).map((v) => scale * v);
        data.fill(0, 0, SIZES.width);
        const [low, high] = thresholds.sort((a, b) => a - b);
        const at = (threshold: number) =>
          withEngine(
            engine,
            plainSpec({ ...SIZES, atoms, ...rest }, { coder: rest }),
            DICTIONARY.slice(0, atoms * SIZES.width),
            (e) => e.encode({ data: data.slice(), rows: 23 }, threshold),
          );
        const [more, fewer] = [await at(low), await at(high)];
        for (let i = 0; i < 23; i++) {
          const most = supportOf(more, i).length;
          assert(supportOf(fewer, i).length <= most);
          if (high === 1e9) assert.equal(supportOf(fewer, i).length, 0);
        }
        assert.equal(supportOf(more, 0).length, 0);
        assert(fewer.values.every(Number.isFinite));
        assert(fewer.residual.every((r) => r >= 0 && r <= 1 + 1e-5));
      }),
      { numRuns: 10 },
    );
  });
}

function assertLeastSquares(codes: Codes, row: number, y: Float64Array): void {
  const support = supportOf(codes, row);
  const error = (x: number[]) => {
    const left = residualOf(ATOMS, support, x, y);
    return inner(left, left);
  };
  const least = error(leastSquaresOn(ATOMS, support, y));
  assert(error(valuesOf(codes, row)) - least <= 1e-6 * inner(y, y));
}
