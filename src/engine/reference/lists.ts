import { EMPTY_SLOT } from "../engine.ts";

/**
 * Which code slots use each atom: slots of atom j are `slots[starts[j]] … slots[starts[j + 1] − 1]`, rows ascending.
 */
export interface AtomLists {
  starts: Uint32Array;
  slots: Uint32Array;
}

/** A stable counting sort of the codes by atom, into `room`; unused slots are left out. */
export function atomLists(
  indices: Uint32Array,
  atoms: number,
  room: Uint32Array = new Uint32Array(indices.length),
): AtomLists {
  const starts = new Uint32Array(atoms + 1);
  for (const j of indices) if (j !== EMPTY_SLOT) starts[j + 1]++;
  for (let j = 0; j < atoms; j++) starts[j + 1] += starts[j];
  const next = starts.slice(0, atoms);
  const slots = room.subarray(0, starts[atoms]);
  for (let e = 0; e < indices.length; e++) {
    if (indices[e] !== EMPTY_SLOT) slots[next[indices[e]]++] = e;
  }
  return { starts, slots };
}
