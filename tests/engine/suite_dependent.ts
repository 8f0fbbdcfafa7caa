import assert from "node:assert/strict";
import { supportOf } from "./codes.ts";
import { type EngineUnderTest, plainSpec, withEngine } from "./engines.ts";

/** Dimensions, and so many more atoms that products with them can pay. */
const WIDTH = 12, ATOMS = 40;

/** Where OMP passes an atom over: what of it lies outside the span of those chosen, squared. */
const PASSED = 3e-7, TAKEN = 4e-6;

/** Atoms that OMP may not take, or must, by how nearly they lie in the span of those that it took before. */
export function dependentSuite(engine: EngineUnderTest): void {
  const codes = (outside: number) =>
    withEngine(
      engine,
      plainSpec({ width: WIDTH, atoms: ATOMS, rows: 1, sparsity: 3 }),
      dictionaryWith(outside),
      (e) => e.encode({ data: row(), rows: 1 }),
    );

  Deno.test(`${engine.name} engine: OMP passes over an atom that is all but a copy of one it took`, async () => {
    const found = await codes(PASSED);
    assert.deepEqual(supportOf(found, 0), [0, 2, 3]);
    assert(found.values.every((value) => Math.abs(value) < 10));
  });

  Deno.test(`${engine.name} engine: OMP takes an atom whose share outside the others float32 can weigh`, async () => {
    assert.deepEqual(supportOf(await codes(TAKEN), 0), [0, 1, 2]);
  });
}

// Unit vectors, but for atom 1: the first one turned a little towards the last dimension.
function dictionaryWith(outside: number): Float32Array {
  const atoms = new Float32Array(ATOMS * WIDTH);
  for (let j = 0; j < ATOMS; j++) {
    atoms[j * WIDTH + (j < WIDTH - 1 ? j : 4 + j % 6)] = 1;
  }
  atoms[WIDTH + 1] = 0;
  atoms[WIDTH] = Math.sqrt(1 - outside);
  atoms[2 * WIDTH - 1] = Math.sqrt(outside);
  return atoms;
}

// Mostly atom 0; of the rest, most lies where only atom 1 goes, yet atom 1 sees little of it.
function row(): Float32Array {
  const y = new Float32Array(WIDTH);
  y[0] = 1;
  y[WIDTH - 1] = -0.5;
  y[2] = 2e-4;
  y[3] = 1e-4;
  return y;
}
