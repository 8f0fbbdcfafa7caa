import assert from "node:assert/strict";
import { type Codes, EMPTY_SLOT } from "../../src/engine/engine.ts";
import { TogetherTally } from "../../src/inspection/together.ts";

function codesOf(rows: number[][]): Codes {
  const sparsity = Math.max(...rows.map(({ length }) => length));
  const indices = new Uint32Array(rows.length * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(rows.length * sparsity);
  rows.forEach((atoms, i) =>
    atoms.forEach((atom, s) => {
      indices[i * sparsity + s] = atom;
      values[i * sparsity + s] = 1;
    })
  );
  const residual = new Float32Array(rows.length);
  return { rows: rows.length, sparsity, indices, values, residual };
}

const partnersOf = (
  { count, indices, shares }: ReturnType<TogetherTally["table"]>,
  atom: number,
) =>
  Array.from({ length: count }, (_, i) => atom * count + i)
    .filter((slot) => indices[slot] !== EMPTY_SLOT)
    .map((slot) => [indices[slot], shares[slot]]);

Deno.test("TogetherTally tells atoms that share rows more often than by chance, with the share of rows", () => {
  // Atom 0 is used everywhere, 1 with 2 always, 3 alone.
  const rows = Array.from(
    { length: 40 },
    (_, i) => i % 4 === 0 ? [0, 1, 2] : i % 4 === 1 ? [0, 3] : [0],
  );
  const tally = new TogetherTally(5, rows.length);
  tally.add(codesOf(rows), rows.map((_, i) => i));
  const table = tally.table(3);
  assert.equal(table.rows, 40);
  assert.deepEqual(partnersOf(table, 1), [[2, 1]]);
  assert.deepEqual(partnersOf(table, 2), [[1, 1]]);
  assert.deepEqual(partnersOf(table, 3), []);
  assert.deepEqual(partnersOf(table, 0), [], "what is everywhere says nothing");
  assert.deepEqual(partnersOf(table, 4), []);
});

Deno.test("TogetherTally looks at a sample of many rows, the same whatever the batches", () => {
  const total = 400_000;
  const rows = Array.from({ length: 4000 }, (_, i) => i % 2 ? [0, 1] : [2]);
  const numbers = rows.map((_, i) => i * 100);
  const whole = new TogetherTally(3, total);
  whole.add(codesOf(rows), numbers);
  const parts = new TogetherTally(3, total);
  for (let i = 0; i < rows.length; i += 7) {
    parts.add(codesOf(rows.slice(i, i + 7)), numbers.slice(i, i + 7));
  }
  const table = whole.table(2);
  assert(table.rows > 500 && table.rows < 800, `${table.rows}`);
  assert.deepEqual(parts.table(2), table);
  assert.deepEqual(partnersOf(table, 0), [[1, 1]]);
});
