import assert from "node:assert/strict";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { layoutAtoms } from "../../src/report/layout.ts";
import { fixtureBrowser } from "./browser_fixture.ts";

const COUNT = 6;

// Two crowds of atoms: even ones near even ones, odd ones near odd ones.
function crowds(atoms: number) {
  const indices = new Uint32Array(atoms * COUNT);
  const cosines = new Float32Array(atoms * COUNT).fill(0.8);
  for (let atom = 0; atom < atoms; atom++) {
    for (let c = 0; c < COUNT; c++) {
      indices[atom * COUNT + c] = (atom + 2 * (c * c + 1)) % atoms;
    }
  }
  return { count: COUNT, indices, cosines };
}

function meanDistance(positions: Float32Array, step: number): number {
  const atoms = positions.length / 2;
  let sum = 0;
  for (let atom = 0; atom < atoms; atom++) {
    const other = (atom + step) % atoms;
    sum += Math.hypot(
      positions[2 * atom] - positions[2 * other],
      positions[2 * atom + 1] - positions[2 * other + 1],
    );
  }
  return sum / atoms;
}

Deno.test("layoutAtoms() puts atoms that are near near each other", () => {
  const positions = layoutAtoms(200, crowds(200));
  const within = meanDistance(positions, 2);
  const between = meanDistance(positions, 101);
  assert(within < between / 2, `${within} within, ${between} between`);
});

Deno.test("layoutAtoms() gives the same finite places in [−1, 1] every time", () => {
  const { nearest } = fixtureBrowser({ atoms: 128 }).table;
  const positions = layoutAtoms(128, nearest);
  assert(positions.every((value) => value >= -1 && value <= 1));
  assert.deepEqual(layoutAtoms(128, nearest), positions);
});

Deno.test("layoutAtoms() takes the sign of a cosine for nothing", () => {
  const { nearest } = fixtureBrowser({ atoms: 128 }).table;
  const flipped = { ...nearest, cosines: nearest.cosines.map((c) => -c) };
  assert.deepEqual(layoutAtoms(128, flipped), layoutAtoms(128, nearest));
});

Deno.test("layoutAtoms() places atoms without any neighbour, and a single one", () => {
  const alone = {
    count: 2,
    indices: new Uint32Array(10).fill(EMPTY_SLOT),
    cosines: new Float32Array(10),
  };
  assert(layoutAtoms(5, alone).every(Number.isFinite));
  const one = {
    count: 0,
    indices: new Uint32Array(0),
    cosines: new Float32Array(0),
  };
  assert.deepEqual(layoutAtoms(1, one), new Float32Array(2));
});
