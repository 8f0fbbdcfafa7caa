import assert from "node:assert/strict";
import fc from "fast-check";
import { type Codes, EMPTY_SLOT } from "../../src/engine/engine.ts";
import {
  latentOf,
  LatentRowKeeper,
  type RankedRows,
  rowRank,
} from "../../src/inspection/latent_rows.ts";

const ATOMS = 5;
const SPARSITY = 3;

/** Codes of rows given as lists of [atom, value]. */
function codesOf(rows: readonly (readonly [number, number])[][]): Codes {
  const indices = new Uint32Array(rows.length * SPARSITY).fill(EMPTY_SLOT);
  const values = new Float32Array(rows.length * SPARSITY);
  rows.forEach((row, i) =>
    row.forEach(([atom, value], s) => {
      indices[i * SPARSITY + s] = atom;
      values[i * SPARSITY + s] = value;
    })
  );
  const residual = new Float32Array(rows.length);
  return { rows: rows.length, sparsity: SPARSITY, indices, values, residual };
}

const rowsArbitrary = fc.array(
  fc.uniqueArray(
    fc.tuple(
      fc.integer({ min: 0, max: ATOMS - 1 }),
      fc.constantFrom(-3, -2, -1, 1, 2, 3),
    ),
    { maxLength: SPARSITY, selector: ([atom]) => atom },
  ),
  { maxLength: 40 },
);

function heldBy({ perLatent, rows, values }: RankedRows, latent: number) {
  return Array.from({ length: perLatent }, (_, p) => latent * perLatent + p)
    .filter((place) => rows[place] >= 0)
    .map((place) => [rows[place], values[place]]);
}

Deno.test("LatentRowKeeper keeps each latent's strongest rows, and a sample drawn evenly, whatever the batches", () => {
  fc.assert(fc.property(
    rowsArbitrary,
    fc.integer({ min: 1, max: 7 }),
    fc.constantFrom(1, 2),
    (rows, batch, sides) => {
      const kept = { top: 3, spread: 2 };
      const keeper = new LatentRowKeeper(ATOMS, sides, kept, false);
      for (let start = 0; start < rows.length; start += batch) {
        const part = rows.slice(start, start + batch);
        const numbers = part.map((_, i) => 10 + start + i);
        for (const row of keeper.offer(codesOf(part), numbers)) {
          assert(keeper.kept.byNumber.has(row));
        }
      }
      for (let latent = 0; latent < ATOMS * sides; latent++) {
        const uses = rows.flatMap((row, i) =>
          row.filter(([atom, value]) => latentOf(atom, value, sides) === latent)
            .map(([, value]) => [10 + i, value])
        );
        const strongest = uses.toSorted((a, b) =>
          Math.abs(b[1]) - Math.abs(a[1]) || a[0] - b[0]
        );
        assert.deepEqual(heldBy(keeper.top, latent), strongest.slice(0, 3));
        const drawn = uses.toSorted((a, b) => rowRank(b[0]) - rowRank(a[0]));
        assert.deepEqual(heldBy(keeper.spread, latent), drawn.slice(0, 2));
      }
    },
  ));
});

Deno.test("LatentRowKeeper holds the codes of no row that has lost all its places", () => {
  fc.assert(fc.property(rowsArbitrary, (rows) => {
    const keeper = new LatentRowKeeper(ATOMS, 2, { top: 1, spread: 1 }, false);
    keeper.offer(codesOf(rows), rows.map((_, i) => i));
    const held = new Set(
      [keeper.top, keeper.spread].flatMap(({ rows }) => [...rows])
        .filter((row) => row >= 0),
    );
    assert.deepEqual(
      [...keeper.kept.byNumber.keys()].sort((a, b) => a - b),
      [...held].sort((a, b) => a - b),
    );
  }));
});

Deno.test("rowRank() spreads rows evenly", () => {
  const bins = new Uint32Array(10);
  for (let row = 0; row < 10_000; row++) bins[Math.floor(rowRank(row) * 10)]++;
  for (const count of bins) assert(count > 900 && count < 1100, `${bins}`);
});
