import { EMPTY_SLOT } from "../engine.ts";
import type { Context } from "./context.ts";
import { up } from "./layout.ts";

/** The uses of the atoms of one group, as its codes stand. */
export interface Uses {
  /** Of each atom. */
  usage: Uint32Array;
  nonzeros: number;
}

/**
 * Lists, for every atom of the group at hand, the rows that use it in ascending order, with their coefficients: a
 * counting sort. Each list is filled up to a whole turn of the kernels with row 0 and coefficient 0.
 */
export function listUses(context: Context, atoms: number): Uses {
  const { layout, orders, views } = context;
  const { indices, values, starts, counts, listRows, listX } = views;
  const rows = orders.get("rows"), slots = orders.get("slots");
  const stride = layout.sparsity, first = orders.get("slot");
  counts.fill(0);
  forEachUse((atom) => counts[atom]++);
  let nonzeros = 0, entries = 0;
  const next = new Uint32Array(atoms);
  for (let atom = 0; atom < atoms; atom++) {
    starts[atom] = next[atom] = entries;
    nonzeros += counts[atom];
    const end = entries + counts[atom];
    entries += up(counts[atom], 4);
    listRows.fill(0, end, entries);
    listX.fill(0, end, entries);
  }
  forEachUse((atom, row, slot) => {
    const entry = next[atom]++;
    listRows[entry] = row;
    listX[entry] = values[slot];
  });
  return { usage: counts.slice(0, atoms), nonzeros };

  // Used slots come first.
  function forEachUse(
    visit: (atom: number, row: number, slot: number) => void,
  ): void {
    for (let row = 0; row < rows; row++) {
      const from = row * stride + first;
      for (let slot = from; slot < from + slots; slot++) {
        if (indices[slot] === EMPTY_SLOT) break;
        visit(indices[slot], row, slot);
      }
    }
  }
}
