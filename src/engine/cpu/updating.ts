import { EXACT_CHANGE, EXACT_STEPS, VANISHING_NORM } from "../../thresholds.ts";
import { atomsOf, type Context, groupAtHand } from "./context.ts";
import { up } from "./layout.ts";

/** One atom under its update: addresses, and its list of uses. */
export interface AtomAtHand {
  /** Its place among the weights. */
  weight: number;
  before: number;
  after: number;
  /** Its list: the first entry, the number of uses, and of entries up to a whole turn of the kernels. */
  from: number;
  uses: number;
  entries: number;
}

/** An atom of the batch and its list, as they stand. */
export function atomAtHand(context: Context, task: number): AtomAtHand {
  const { layout, views } = context, group = groupAtHand(context);
  const atom = views.batch[task], offset = atom * layout.rowBytes;
  const uses = views.counts[atom];
  return {
    weight: group.start + atom,
    before: atomsOf(context, group) + offset,
    after: atomsOf(context, group, "after") + offset,
    from: views.starts[atom],
    uses,
    entries: up(uses, 4),
  };
}

/**
 * A task of the update: one atom of the batch, by power steps on what the residual and its own part make of its rows
 * (Rubinstein et al. 2008, section 4). Its new direction goes to the dictionary after the update, its new
 * coefficients to the list. An atom that stays is copied.
 */
export function updateAtom(context: Context, task: number): void {
  const { spec, orders, views } = context;
  const hand = atomAtHand(context, task), { weight, uses } = hand;
  const carried = orders.get("memory") * views.weights[weight];
  views.weights[weight] = carried + alongOf(context, hand, views.listX);
  const moved = uses > 0 && powerSteps(context, hand, carried);
  views.moved[task] = moved ? 1 : 0;
  if (!moved) copy(context, hand.before, hand.after);
  else project(context, hand, spec.coder.nonnegative ? 0 : -Infinity);
}

// Turns the atom after the update; false where its direction vanishes.
function powerSteps(
  context: Context,
  hand: AtomAtHand,
  carried: number,
): boolean {
  const { spec, layout, kernels, own, views } = context;
  const steps = spec.exact ? EXACT_STEPS : spec.powerSteps;
  const v = own.direction;
  for (let step = 0; step < steps; step++) {
    if (step > 0) project(context, hand, -Infinity);
    const x = step === 0 ? "listX" : "listY";
    sumUses(context, hand.from, hand.entries, x);
    const along = carried + alongOf(context, hand, views[x]);
    if (!takeDirection(context, v, hand.before, along)) return false;
    const last = step === 0 ? hand.before : hand.after;
    const change = spec.exact
      ? Math.sqrt(kernels.distance(v, last, layout.rowBytes))
      : Infinity;
    copy(context, v, hand.after);
    if (change < EXACT_CHANGE) break;
  }
  return true;
}

/** Σ x_i·(x_i as coded) over an atom's uses. */
export function alongOf(
  { views }: Context,
  { from, uses }: AtomAtHand,
  x: Float32Array,
): number {
  let sum = 0;
  for (let e = from; e < from + uses; e++) sum += x[e] * views.listX[e];
  return sum;
}

/** Σ x_i R_i over some entries of the lists, a multiple of four, into the thread's `direction`. */
export function sumUses(
  { layout, kernels, own, views }: Context,
  from: number,
  entries: number,
  x: "listX" | "listY",
): void {
  views.direction.fill(0);
  kernels.sum(
    own.direction,
    layout.residual,
    layout.listRows + 4 * from,
    layout[x] + 4 * from,
    entries,
    layout.rowBytes,
  );
}

/** v ← v + along·d, normalised: the direction that the rows and earlier batches pull to. False where it vanishes. */
export function takeDirection(
  { layout: { rowBytes }, kernels }: Context,
  v: number,
  before: number,
  along: number,
): boolean {
  kernels.step(v, before, along, 1, rowBytes);
  const norm = Math.sqrt(kernels.dot(v, v, rowBytes));
  if (!(norm >= VANISHING_NORM)) return false;
  kernels.step(v, before, 0, 1 / norm, rowBytes);
  return true;
}

/** x'_i = ⟨d', R_i⟩ + ⟨d', d⟩·x_i for an atom's uses, at least `least`; the entries that fill its list stay 0. */
export function project(
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

/** The first place in [from, to) of an ascending list whose row is not before `row`. */
export function lowerBound(
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

/** Copies a vector of a row's length. */
export function copy(
  { layout, views }: Context,
  from: number,
  to: number,
): void {
  const { buffer } = views.x, count = layout.padded;
  new Float32Array(buffer, to, count).set(
    new Float32Array(buffer, from, count),
  );
}
