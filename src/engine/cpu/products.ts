import { DUPLICATE_COHERENCE } from "../../thresholds.ts";
import {
  depthRuns,
  PANEL_COLUMNS,
  PANEL_ROWS,
} from "../../wasm/kernels/product.ts";
import { atomsOf, type Context, groupAtHand } from "./context.ts";
import { GRAM_ROWS, type GroupPlace, up } from "./layout.ts";

/** A task of packing: one run of values of all of the group's atoms. */
export function packAtoms(context: Context, task: number): void {
  const { kernels, layout } = context, group = groupAtHand(context);
  const { from, depth } = depthRuns(layout.padded)[task];
  kernels.packColumns(
    atomsOf(context, group) + 4 * from,
    group.panels + 4 * group.padded * from,
    layout.rowBytes,
    group.padded / PANEL_COLUMNS,
    depth,
  );
}

/** C = X·Dᵀ for some rows and the group's atoms from a panel on. */
export interface RowProduct {
  /** Address of the group's atoms, and of the rows, n floats each. */
  atoms: number;
  x: number;
  /** How many rows: C has room for a multiple of 6. */
  rows: number;
  /** Address of C, whose rows have as many floats as the group atoms. */
  c: number;
  /** The first panel of atoms; columns before it stay as they are. */
  panel: number;
}

/** Works a product out, by the kernels or by the BLAS that is to do it. */
export function multiply(
  context: Context,
  group: GroupPlace,
  product: RowProduct,
): void {
  const { blas, layout } = context, { padded, rowBytes } = layout;
  if (blas === undefined) return multiplyPanels(context, group, product);
  const { atoms, x, rows, c, panel } = product, first = panel * PANEL_COLUMNS;
  blas.multiply({
    rows,
    columns: group.padded - first,
    depth: padded,
    a: x,
    aStride: padded,
    b: atoms + first * rowBytes,
    bStride: padded,
    c: c + 4 * first,
    cStride: group.padded,
  });
}

function multiplyPanels(
  { kernels, layout, own }: Context,
  group: GroupPlace,
  { x, rows, c, panel }: RowProduct,
): void {
  const panels = Math.ceil(rows / PANEL_ROWS), first = panel * PANEL_COLUMNS;
  for (const { from, depth } of depthRuns(layout.padded)) {
    kernels.packRows(x + 4 * from, own.panels, layout.rowBytes, panels, depth);
    kernels.product(
      own.panels,
      group.panels + 4 * (group.padded * from + first * depth),
      c + 4 * first,
      panels,
      group.padded / PANEL_COLUMNS - panel,
      depth,
      4 * group.padded,
      from === 0 ? 1 : 0,
    );
  }
}

/**
 * Which of the Gram's tasks is a process's i-th: dealt out forwards, then backwards, and so on, since later ones have
 * fewer columns.
 */
export function dealtTask(i: number, rank: number, ranks: number): number {
  return i * ranks + (i % 2 === 0 ? rank : ranks - 1 - rank);
}

/** A task of the Gram, of those of the process at hand: some rows, from the diagonal on. */
export function gramRows(context: Context, task: number): void {
  const { layout, orders } = context, group = groupAtHand(context);
  const first = GRAM_ROWS *
    dealtTask(task, orders.get("rank"), orders.get("ranks"));
  const rows = Math.min(GRAM_ROWS, group.padded - first);
  const atoms = atomsOf(context, group);
  multiply(context, group, {
    atoms,
    x: atoms + first * layout.rowBytes,
    rows,
    c: group.gram + 4 * first * group.padded,
    panel: first / PANEL_COLUMNS,
  });
}

/** A task of mirroring: the columns under some rows, in which near-duplicates are looked for too. */
export function mirrorRows(context: Context, task: number): void {
  const group = groupAtHand(context), first = task * GRAM_ROWS;
  const beyond = first + GRAM_ROWS;
  suspect(context, group, first, Math.min(GRAM_ROWS, group.padded - first));
  for (let i = first; i < Math.min(beyond, group.padded); i += 4) {
    if (beyond >= group.padded) break;
    context.kernels.mirror(
      group.gram,
      4 * group.padded,
      i,
      beyond,
      group.padded,
    );
  }
}

// Marks atoms that a later one is all but the same as: their rows are looked through in detail, if there are any.
function suspect(
  { kernels, layout, views }: Context,
  group: GroupPlace,
  first: number,
  rows: number,
): void {
  const gram = views.grams[layout.groups.indexOf(group)];
  const last = Math.min(first + rows, group.atoms);
  for (let i = first; i < last; i++) {
    const row = group.gram + 4 * group.padded * i;
    const from = up(i + 1, 4), bytes = 4 * (group.padded - from);
    let near = kernels.greatest(row + 4 * from, bytes);
    for (let j = i + 1; j < from; j++) {
      near = Math.max(near, Math.abs(gram[group.padded * i + j]));
    }
    views.suspects[i] = near > DUPLICATE_COHERENCE ? 1 : 0;
  }
}
