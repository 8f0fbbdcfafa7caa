// The rows of an atom's latents: its codes of one sign. No document here.
import type { PackedAtoms, PackedRows, Side, TopRow } from "./types.ts";

const EMPTY = 0xFFFFFFFF;
const CONTEXT_UNIT = 63;

/** One of the two lists of rows that a latent has. */
interface List {
  count: number;
  samples: Uint32Array;
  values: Float32Array;
  contexts: Int8Array | undefined;
}

const topList = (atoms: PackedAtoms, rows: PackedRows): List => ({
  count: atoms.topRows,
  samples: rows.topSamples,
  values: rows.topValues,
  contexts: rows.topContexts,
});

const spreadList = (atoms: PackedAtoms, rows: PackedRows): List => ({
  count: atoms.spreadRows,
  samples: rows.spreadSamples,
  values: rows.spreadValues,
  contexts: rows.spreadContexts,
});

/** The rows that use an atom most, whatever their sign, strongest first. */
export function topRowsOfAtom(
  atoms: PackedAtoms,
  rows: PackedRows,
  atom: number,
): TopRow[] {
  const list = topList(atoms, rows);
  const found: TopRow[] = [];
  for (let side = 0; side < atoms.sides; side++) {
    found.push(...listed(list, atom * atoms.sides + side));
  }
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

function listed(
  { count, samples, values, contexts }: List,
  latent: number,
): TopRow[] {
  const found: TopRow[] = [];
  for (let slot = latent * count; slot < (latent + 1) * count; slot++) {
    if (samples[slot] === EMPTY) break;
    const row: TopRow = { place: samples[slot], value: values[slot], times: 1 };
    if (contexts !== undefined) {
      const width = contexts.length / samples.length;
      row.context = Array.from(
        contexts.subarray(slot * width, (slot + 1) * width),
        (share) => share / CONTEXT_UNIT,
      );
    }
    found.push(row);
  }
  return found;
}

/** The signs of an atom's codes that rows use, the one with the larger activation first. */
export function sidesOfAtom(
  atoms: PackedAtoms,
  rows: PackedRows,
  atom: number,
): Side[] {
  const found: Side[] = [];
  for (let side = 0; side < atoms.sides; side++) {
    const latent = atom * atoms.sides + side;
    if (atoms.latentUses[latent] === 0) continue;
    found.push({
      sign: side === 0 ? 1 : -1,
      uses: atoms.latentUses[latent],
      maxActivation: atoms.latentMaxima[latent],
      top: withoutRepeats(rows, listed(topList(atoms, rows), latent)),
      spread: withoutRepeats(rows, listed(spreadList(atoms, rows), latent)),
    });
  }
  return found.sort((a, b) => b.maxActivation - a.maxActivation);
}

// Rows of one text stand once, the strongest of them.
function withoutRepeats(rows: PackedRows, found: TopRow[]): TopRow[] {
  // Pictures of one caption are not the same.
  if (rows.pictureOffsets !== undefined) return found;
  const shown = new Map<string, TopRow>();
  for (const row of found) {
    const { place } = row;
    const text = rows.texts[place];
    const key = text === ""
      ? `row ${place}`
      : JSON.stringify([rows.before?.[place], text, rows.after?.[place]]);
    const known = shown.get(key);
    if (known === undefined) shown.set(key, row);
    else known.times++;
  }
  return [...shown.values()];
}
