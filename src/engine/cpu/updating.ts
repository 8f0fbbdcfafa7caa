import { EXACT_CHANGE, EXACT_STEPS, VANISHING_NORM } from "../constants.ts";
import { atomsOf, type Context, groupAtHand } from "./context.ts";
import { up } from "./layout.ts";

/** One atom under its update: addresses, and its list of uses. */
interface AtomAtHand {
  before: number;
  after: number;
  /** Its list: the first entry, the number of uses, and of entries up to a whole turn of the kernels. */
  from: number;
  uses: number;
  entries: number;
  /** What earlier batches add to Σ x². */
  carried: number;
}

/**
 * A task of the update: one atom of the batch, by power steps on what the residual and its own part make of its rows
 * (Rubinstein et al. 2008, section 4). Its new direction goes to the dictionary after the update, its new coefficients to the
 * list. An atom that stays is copied.
 */
export function updateAtom(context: Context, task: number): void {
  const { spec, layout, orders, views } = context;
  const group = groupAtHand(context), atom = views.batch[task];
  const offset = atom * layout.rowBytes;
  const weight = group.start + atom, from = views.starts[atom];
  const uses = views.counts[atom];
  const carried = orders.get("memory") * views.weights[weight];
  let squares = 0;
  for (let e = from; e < from + uses; e++) squares += views.listX[e] ** 2;
  views.weights[weight] = carried + squares;
  const hand: AtomAtHand = {
    before: atomsOf(context, group) + offset,
    after: atomsOf(context, group, "after") + offset,
    from,
    uses,
    entries: up(uses, 4),
    carried,
  };
  const moved = uses > 0 && turn(context, hand);
  views.moved[task] = moved ? 1 : 0;
  if (!moved) {
    copy(context, hand.before, hand.after);
    return;
  }
  project(context, hand, spec.coder.nonnegative ? 0 : -Infinity);
}

// Power steps; false where the direction vanishes.
function turn(context: Context, hand: AtomAtHand): boolean {
  const { spec, layout: { rowBytes }, kernels, own } = context;
  const steps = spec.exact ? EXACT_STEPS : spec.powerSteps;
  for (let step = 0; step < steps; step++) {
    if (step > 0) project(context, hand, -Infinity);
    if (!powerStep(context, hand, step === 0)) return false;
    const last = step === 0 ? hand.before : hand.after;
    const change = spec.exact
      ? Math.sqrt(kernels.distance(own.direction, last, rowBytes))
      : Infinity;
    copy(context, own.direction, hand.after);
    if (change < EXACT_CHANGE) break;
  }
  return true;
}

// v = Σ x_i E_i + carried·d with E_i = R_i + oldX_i·d, normalised, in `direction`; false where it vanishes.
function powerStep(
  { layout, kernels, own, views }: Context,
  { before, from, uses, entries, carried }: AtomAtHand,
  first: boolean,
): boolean {
  const { rowBytes } = layout, v = own.direction;
  const { listX } = views, x = first ? listX : views.listY;
  let along = carried;
  for (let e = from; e < from + uses; e++) along += x[e] * listX[e];
  new Float32Array(listX.buffer, v, layout.padded).fill(0);
  kernels.sum(
    v,
    layout.residual,
    layout.listRows + 4 * from,
    (first ? layout.listX : layout.listY) + 4 * from,
    entries,
    rowBytes,
  );
  kernels.step(v, before, along, 1, rowBytes);
  const norm = Math.sqrt(kernels.dot(v, v, rowBytes));
  if (!(norm >= VANISHING_NORM)) return false;
  kernels.step(v, before, 0, 1 / norm, rowBytes);
  return true;
}

// x'_i = ⟨d', R_i⟩ + ⟨d', d⟩·x_i, at least `least`.
function project(
  { layout, kernels, views }: Context,
  { before, after, from, uses, entries }: AtomAtHand,
  least: number,
): void {
  kernels.project(
    after,
    layout.residual,
    layout.listRows + 4 * from,
    layout.listX + 4 * from,
    layout.listY + 4 * from,
    entries,
    layout.rowBytes,
    kernels.dot(after, before, layout.rowBytes),
    least,
  );
  views.listY.fill(0, from + uses, from + entries);
}

/** A task of the update: the residual of one share of the rows, for all atoms of the batch in their order. */
export function applyShare(context: Context, task: number): void {
  const { layout, kernels, orders, views } = context;
  const group = groupAtHand(context), shares = orders.get("shares");
  const rows = orders.get("rows");
  const low = Math.floor(rows * task / shares);
  const high = Math.floor(rows * (task + 1) / shares);
  const before = atomsOf(context, group);
  const after = atomsOf(context, group, "after");
  for (let b = 0; b < orders.get("batch"); b++) {
    if (views.moved[b] === 0) continue;
    const atom = views.batch[b], start = views.starts[atom];
    const end = start + views.counts[atom];
    const from = lowerBound(views.listRows, start, end, low);
    const to = lowerBound(views.listRows, from, end, high);
    if (from === to) continue;
    kernels.apply(
      layout.residual,
      layout.listRows + 4 * from,
      layout.listX + 4 * from,
      layout.listY + 4 * from,
      before + atom * layout.rowBytes,
      after + atom * layout.rowBytes,
      to - from,
      layout.rowBytes,
    );
  }
}

// The first place in [from, to) of an ascending list whose row is not before `row`.
function lowerBound(
  rows: Uint32Array,
  from: number,
  to: number,
  row: number,
): number {
  let low = from, high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

function copy({ layout, views }: Context, from: number, to: number): void {
  const { buffer } = views.x, count = layout.padded;
  new Float32Array(buffer, to, count).set(
    new Float32Array(buffer, from, count),
  );
}
