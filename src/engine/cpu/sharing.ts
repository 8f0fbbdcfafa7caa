import { VANISHING_NORM } from "../../thresholds.ts";
import { sumByParts } from "../reference/parts.ts";
import { turnName } from "../../wasm/kernels/turn.ts";
import type { Context } from "./context.ts";
import {
  alongOf,
  type AtomAtHand,
  atomAtHand,
  copy,
  lowerBound,
  project,
  sumUses,
} from "./updating.ts";

/** What `moved` says of an atom: it stays, or it moves. */
const STAYS = 0, MOVES = 1;

/**
 * A task of an iteration that processes share: what this process's rows add to an atom's sums, Σ x_i R_i and Σ
 * x_i·(x_i as coded). Sums over a part of the rows are float32; those over the parts are doubles, by halves, so that
 * they do not depend on how many processes share the parts.
 */
export function sumAtom(context: Context, task: number): void {
  const { orders, views } = context, to = sumsOf(context, task);
  if (views.moved[task] === STAYS) {
    to.fill(0);
    return;
  }
  const hand = atomAtHand(context, task), end = hand.from + hand.uses;
  if (orders.get("single") === 1) return sumList(context, hand, to);
  const starts = views.parts.subarray(0, orders.get("parts") + 1);
  const places = starts.map((row) =>
    lowerBound(views.listRows, hand.from, end, row)
  );
  const sum = sumByParts(
    places,
    (from, to) => sumPart(context, hand, from, to),
    (one, other) => {
      for (let p = 0; p < one.length; p++) one[p] += other[p];
      return one;
    },
  );
  if (sum === undefined) to.fill(0);
  else to.set(sum);
}

// An atom of the batch's sums: n + 1 numbers, and then how often it is used.
function sumsOf(
  { layout, orders, views }: Context,
  task: number,
): Float32Array | Float64Array {
  const from = task * (layout.width + 2), to = from + layout.width + 1;
  return orders.get("single") === 1
    ? views.sums.f32.subarray(from, to)
    : views.sums.f64.subarray(from, to);
}

// All of an atom's uses at once: its list is filled up as the kernel takes it.
function sumList(
  context: Context,
  hand: AtomAtHand,
  to: Float32Array | Float64Array,
): void {
  const { layout: { width }, orders, views } = context;
  const x = orders.get("power") === 0 ? "listX" : "listY";
  sumUses(context, hand.from, hand.entries, x);
  to.set(views.direction.subarray(0, width));
  to[width] = alongOf(context, hand, views[x]);
}

// One part's uses, [from, to) of the lists. The kernel takes four at a time: the last ones are filled up where there
// is room.
function sumPart(
  context: Context,
  hand: AtomAtHand,
  from: number,
  to: number,
): Float64Array {
  const { layout, kernels, orders, own, views } = context;
  const x = orders.get("power") === 0 ? "listX" : "listY";
  const { width, residual, rowBytes } = layout;
  const sum = new Float64Array(width + 1);
  const uses = { ...hand, from, uses: to - from };
  sum[width] = alongOf(context, uses, views[x]);
  const whole = from + ((to - from) & ~3);
  sumUses(context, from, whole - from, x);
  if (whole < to) {
    views.support.fill(0, 0, 4);
    views.support.set(views.listRows.subarray(whole, to));
    views.x.fill(0, 0, 4);
    views.x.set(views[x].subarray(whole, to));
    kernels.sum(own.direction, residual, own.support, own.x, 4, rowBytes);
  }
  sum.set(views.direction.subarray(0, width));
  return sum;
}

/**
 * A task of an iteration that processes share: an atom's direction from the sums of all of them, and what its uses
 * here have of it. With the first sums its weight is taken over.
 */
export function turnAtom(context: Context, task: number): void {
  const { spec, orders, views } = context;
  const hand = atomAtHand(context, task), { before, after } = hand;
  if (views.moved[task] === STAYS) return copy(context, before, after);
  if (!turnTo(context, task, hand)) {
    copy(context, before, after);
    views.moved[task] = STAYS;
    return;
  }
  const positive = orders.get("last") === 1 && spec.coder.nonnegative;
  project(context, hand, positive ? 0 : -Infinity);
  views.moved[task] = MOVES;
}

// v = Σ x_i R_i + (Σ x_i·oldX_i + carried)·d, normalised, as the atom after the update; false where it vanishes.
function turnTo(
  context: Context,
  task: number,
  { before, after }: Pick<AtomAtHand, "before" | "after">,
): boolean {
  const { kernels, layout: { width }, orders, views } = context;
  const sum = sumsOf(context, task), along = views.carried[task] + sum[width];
  const kernel = turnName[orders.get("single") === 1 ? "f32" : "f64"];
  const turn = kernels[kernel];
  return turn(sum.byteOffset, before, after, along, VANISHING_NORM, width) ===
    1;
}
