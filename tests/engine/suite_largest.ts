import assert from "node:assert/strict";
import { unitRows } from "../gpu/planted.ts";
import { supportOf, valuesOf } from "./codes.ts";
import { type CodeRows, normals, SIZES } from "./coding_checks.ts";
import { plainSpec } from "./engines.ts";
import { randomValues } from "./planted.ts";
import { inner, rowsOf } from "./reference.ts";

/** The largest correlations, in place of a pursuit. */
export function largestTests(
  codes: CodeRows,
  test: (name: string, body: () => Promise<void>) => void,
): void {
  const mean = randomValues(SIZES.width, "largest mean");
  const normalisation = { mean, scale: 3.7 };
  const dictionary = unitRows(SIZES.atoms, SIZES.width, normals("largest"));
  const data = randomValues(SIZES.rows * SIZES.width, "largest rows");
  const expected = (positive: boolean, count: number) =>
    rowsOf(data, SIZES.width).map((raw) => {
      const y = raw.map((v, p) => v - mean[p]);
      const all = rowsOf(dictionary, SIZES.width).map((d) => inner(d, y));
      const size = (j: number) => positive ? all[j] : Math.abs(all[j]);
      return [...all.keys()].filter((j) => size(j) > 0)
        .sort((a, b) => size(b) - size(a)).slice(0, count)
        .map((j) => [j, all[j]] as const);
    });

  for (const nonnegative of [false, true]) {
    const sign = nonnegative ? "positive " : "";
    test(`correlations gives the largest ${sign}ones, as they are, and leaves the rows`, async () => {
      for (const sparsity of [1, 7, SIZES.atoms]) {
        const found = await codes(
          plainSpec({ ...SIZES, sparsity }, {
            normalisation,
            coder: { method: "correlations", nonnegative },
          }),
          dictionary,
          data,
        );
        expected(nonnegative, sparsity).forEach((wanted, i) => {
          const support = supportOf(found, i), values = valuesOf(found, i);
          assert.deepEqual(support, wanted.map(([j]) => j), `row ${i}`);
          wanted.forEach(([, value], s) =>
            assert(Math.abs(values[s] - value) < 1e-4)
          );
          assert(Math.abs(found.residual[i] - 1) < 1e-6);
        });
      }
    });
  }

  test("correlations gives the lower atom first on ties, and nothing of a row at the mean", async () => {
    const twins = dictionary.slice();
    const half = SIZES.atoms >> 1;
    twins.copyWithin(half * SIZES.width, 0, half * SIZES.width);
    const rows = data.slice();
    rows.set(mean, 0);
    const found = await codes(
      plainSpec({ ...SIZES, sparsity: 8 }, {
        normalisation,
        coder: { method: "correlations" },
      }),
      twins,
      rows,
    );
    assert.equal(supportOf(found, 0).length, 0);
    for (let i = 1; i < SIZES.rows; i++) {
      const support = supportOf(found, i).filter((j) => j !== SIZES.atoms - 1);
      support.forEach((j, s) => {
        if (j >= half) assert.equal(support[s - 1], j - half, `row ${i}`);
      });
    }
  });
}
