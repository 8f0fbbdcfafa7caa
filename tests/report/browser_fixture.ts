import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import type { BrowserData, LatentRows } from "../../src/report/data.ts";
import { createRangeHistograms } from "../../src/metrics/range.ts";
import { layoutAtoms } from "../../src/report/layout.ts";
import { randomStream } from "../../src/random.ts";
import { HOSTILE } from "./fixture.ts";

const NEAREST = 8;
const BINS = 32;

/**
 * An atom browser's data of any size. Row 0 is coded by atoms 0, 1, 2; rows 1 and 2 of small fixtures carry hostile
 * text; atom 5 has a label, the last atom is dead.
 */
export function fixtureBrowser(
  { atoms = 64, perAtom = 6, sparsity = 4, map = true } = {},
): BrowserData {
  const random = randomStream(0, "browser fixture", atoms);
  const rows = Math.max(8, Math.ceil(atoms * perAtom * 0.8));
  const indices = new Uint32Array(rows * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(rows * sparsity);
  for (let row = 0; row < rows; row++) {
    for (let slot = 0; slot < sparsity; slot++) {
      indices[row * sparsity + slot] = row === 0
        ? slot
        : (row * 11 + slot * slot * 13 + slot) % (atoms - 1);
      values[row * sparsity + slot] = (row === 0 ? 2 : 1) *
        (4 / (slot + 1)) *
        (random.uniform() < 0.8 ? 1 : -1) * (0.5 + random.uniform());
    }
  }
  return {
    name: "fixture <b>model</b>",
    width: 16,
    atoms,
    groups: [atoms / 4, atoms - atoms / 4],
    sides: 2,
    by: "code",
    coder: `OMP, k = ${sparsity}`,
    toolVersion: "0.1.0",
    rows,
    source: { inputs: ["rows/a.parquet"], textColumn: "word" },
    ...fixtureTables({ atoms, perAtom, sparsity, rows, indices, values, map }),
  };
}

function fixtureTables(
  { atoms, perAtom, sparsity, rows, indices, values, map }: {
    atoms: number;
    perAtom: number;
    sparsity: number;
    rows: number;
    indices: Uint32Array;
    values: Float32Array;
    map: boolean;
  },
): Pick<BrowserData, "table" | "samples" | "top" | "spread" | "together"> {
  const using: { row: number; value: number }[][] = Array.from(
    { length: atoms },
    () => [],
  );
  const histograms = createRangeHistograms(atoms, BINS);
  indices.forEach((atom, slot) => {
    using[atom].push({ row: Math.floor(slot / sparsity), value: values[slot] });
    histograms.add(atom, values[slot]);
  });
  const top = emptyRows(2 * atoms, perAtom);
  const spread = emptyRows(2 * atoms, 3);
  const latents = {
    uses: new Uint32Array(2 * atoms),
    maxActivation: new Float32Array(2 * atoms),
  };
  using.forEach((list, atom) => {
    list.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    for (const side of [0, 1]) {
      const latent = 2 * atom + side;
      const own = list.filter(({ value }) => value < 0 === (side === 1));
      latents.uses[latent] = own.length;
      latents.maxActivation[latent] = Math.abs(own[0]?.value ?? 0);
      fill(top, latent, own);
      fill(spread, latent, own.filter((_, i) => i % 3 === 0));
    }
  });
  const nearest = fixtureNearest(atoms);
  return {
    table: {
      uses: Uint32Array.from(using, (list) => list.length),
      meanActivation: Float32Array.from(
        using,
        (list) =>
          list.reduce((sum, { value }) => sum + Math.abs(value), 0) /
          Math.max(1, list.length),
      ),
      maxActivation: Float32Array.from(
        using,
        (list) => Math.abs(list[0]?.value ?? 0),
      ),
      coherence: Float32Array.from(
        { length: atoms },
        (_, atom) => nearest.cosines[atom * NEAREST],
      ),
      nearest,
      latents,
      histograms,
      labels: { "5": "ships & <i>seas</i>" },
      ...(map ? { positions: layoutAtoms(atoms, nearest) } : {}),
    },
    samples: {
      rows: Float64Array.from({ length: rows }, (_, row) => 10 * row),
      texts: Array.from({ length: rows }, (_, row) => fixtureText(row)),
      residual: Float32Array.from({ length: rows }, (_, row) => row % 7 / 20),
      sparsity,
      indices,
      values,
    },
    top,
    spread,
    together: {
      count: 2,
      rows,
      indices: Uint32Array.from(
        { length: 2 * atoms },
        (_, slot) => slot % 2 === 0 ? (slot / 2 + 3) % atoms : EMPTY_SLOT,
      ),
      shares: Float32Array.from(
        { length: 2 * atoms },
        (_, slot) => slot % 2 === 0 ? 0.25 : 0,
      ),
    },
  };
}

function emptyRows(latents: number, perLatent: number): LatentRows {
  return {
    perLatent,
    samples: new Uint32Array(latents * perLatent).fill(EMPTY_SLOT),
    values: new Float32Array(latents * perLatent),
  };
}

function fill(
  { perLatent, samples, values }: LatentRows,
  latent: number,
  rows: readonly { row: number; value: number }[],
): void {
  rows.slice(0, perLatent).forEach(({ row, value }, t) => {
    samples[latent * perLatent + t] = row;
    values[latent * perLatent + t] = value;
  });
}

function fixtureText(row: number): string {
  if (row === 1 || row === 2) return HOSTILE;
  return row === 0 ? "the harbour at dawn" : `word${row} of theme${row % 11}`;
}

// A ring of atoms: each is near the few beside it.
function fixtureNearest(atoms: number) {
  const indices = new Uint32Array(atoms * NEAREST);
  const cosines = new Float32Array(atoms * NEAREST);
  for (let atom = 0; atom < atoms; atom++) {
    for (let c = 0; c < NEAREST; c++) {
      const step = (c >> 1) + 1;
      indices[atom * NEAREST + c] =
        (atom + (c % 2 === 0 ? step : atoms - step)) % atoms;
      cosines[atom * NEAREST + c] = 0.9 - 0.08 * c;
    }
  }
  return { count: NEAREST, indices, cosines };
}
