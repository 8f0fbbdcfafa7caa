import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import {
  BLOCK_ROWS,
  PlantedRows,
  plantRows,
} from "../../src/synthetic/planted.ts";
import { leastSquaresOn, residualOf, rowsOf } from "../engine/reference.ts";
import { SupportDraw } from "../../src/synthetic/draw.ts";
import { randomStream } from "../../src/random.ts";

Deno.test("plantRows() gives rows of unit atoms, the same for the same seed", () => {
  const options = { rows: 50, width: 12, atoms: 9, sparsity: 9, noise: 0 };
  const { data, dictionary } = plantRows(options);
  const atoms = rowsOf(dictionary, 12);
  for (const atom of atoms) {
    assert(Math.abs(Math.hypot(...atom) - 1) < 1e-6);
  }
  const all = atoms.map((_, j) => j);
  for (const y of rowsOf(data, 12)) {
    const left = residualOf(atoms, all, leastSquaresOn(atoms, all, y), y);
    assert(Math.hypot(...left) < 1e-5 * Math.hypot(...y));
  }
  assert.deepEqual(plantRows(options), plantRows(options));
  assert.notDeepEqual(plantRows({ ...options, seed: 1 }).data, data);
});

Deno.test("PlantedRows makes blocks in any order, and no row depends on how many there are", () => {
  const options = { width: 4, atoms: 8, sparsity: 2 };
  const few = new PlantedRows({ ...options, rows: BLOCK_ROWS + 10 });
  const many = new PlantedRows({ ...options, rows: 3 * BLOCK_ROWS });
  assert.equal(few.rowsOf(1), 10);
  assert.deepEqual(few.block(1), many.block(1).slice(0, 40));
  assert.deepEqual(few.all().slice(4 * BLOCK_ROWS), few.block(1));
});

Deno.test("plantRows() adds noise of the asked share of the row length", () => {
  const options = { rows: 500, width: 40, atoms: 60, sparsity: 4 };
  const clean = plantRows({ ...options, noise: 0 }).data;
  const noisy = plantRows({ ...options, noise: 0.3 }).data;
  const length = (rows: Float32Array) =>
    rowsOf(rows, 40).reduce((sum, y) => sum + Math.hypot(...y), 0) / 500;
  const share = length(noisy.map((v, e) => v - clean[e])) / length(clean);
  assert(Math.abs(share - 0.3) < 0.01, `${share}`);
});

Deno.test("SupportDraw draws by a Zipf law, each atom once a row", () => {
  const draw = new SupportDraw(50, 1, 0, 0);
  const random = randomStream(0, "test");
  const uses = new Float64Array(50);
  for (let i = 0; i < 4000; i++) {
    const atoms = draw.draw(2, random);
    assert.equal(new Set(atoms).size, 2);
    for (const atom of atoms) uses[atom]++;
  }
  assert(uses[0] > 1.5 * uses[1] && uses[1] > 2 * uses[9] && uses[49] > 0);
});

Deno.test("SupportDraw draws atoms of a topic together", () => {
  const together = (correlation: number) => {
    const draw = new SupportDraw(160, 0, correlation, 0);
    const random = randomStream(0, "test");
    const pairs = new Map<string, number>();
    for (let i = 0; i < 5000; i++) {
      const key = draw.draw(2, random).sort((a, b) => a - b).join();
      pairs.set(key, (pairs.get(key) ?? 0) + 1);
    }
    return Math.max(...pairs.values());
  };
  assert(together(0.9) > 2 * together(0));
});

Deno.test("plantRows() refuses what cannot be met, and can use every atom in a row", () => {
  const full = plantRows({
    rows: 3,
    width: 5,
    atoms: 40,
    sparsity: 40,
    zipf: 3,
  });
  assert(full.data.every(Number.isFinite));
  for (
    const options of [
      { sparsity: 300 },
      { rows: 0 },
      { noise: -1 },
      { correlation: 1 },
      { zipf: NaN },
    ]
  ) {
    assert.throws(
      () => plantRows(options),
      (error) => error instanceof DbksvdError && error.kind === "usage",
    );
  }
});
