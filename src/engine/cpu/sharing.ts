import { sumByParts } from "../reference/parts.ts";
import type { Context } from "./context.ts";
import {
  alongOf,
  type AtomAtHand,
  atomAtHand,
  copy,
  lowerBound,
  project,
  sumUses,
  takeDirection,
} from "./updating.ts";

/** What `moved` says of an atom: it stays, or it moves. */
const STAYS = 0, MOVES = 1;

/**
 * A task of an iteration that processes share: what this process's rows add to an atom's sums, Σ x_i R_i and Σ x_i·(x_i as
 * coded). Sums over a part of the rows are float32; those over the parts are doubles, by halves, so that they do not depend on
 * how many processes share the parts.
 */
export function sumAtom(context: Context, task: number): void {
  const { layout, orders, views } = context, size = layout.width + 1;
  const to = views.sums.subarray(task * size, (task + 1) * size).fill(0);
  if (views.moved[task] === STAYS) return;
  const hand = atomAtHand(context, task), end = hand.from + hand.uses;
  const starts = views.parts.subarray(0, orders.get("parts") + 1);
  const places = starts.map((row) =>
    lowerBound(views.listRows, hand.from, end, row)
  );
  const sum = sumByParts(
    places,
    (from, to) => sumPart(context, hand, from, to),
    (one, other) => {
      for (let p = 0; p < size; p++) one[p] += other[p];
      return one;
    },
  );
  if (sum !== undefined) to.set(sum);
}

// One part's uses, [from, to) of the lists. The kernel takes four at a time: the last ones are filled up where there is room.
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
  sum.set(new Float32Array(views.x.buffer, own.direction, width));
  return sum;
}

/**
 * A task of an iteration that processes share: an atom's direction from the sums of all of them, and what its uses here have of
 * it. With the first sums its weight is taken over.
 */
export function turnAtom(context: Context, task: number): void {
  const { spec, layout, orders, views } = context, size = layout.width + 1;
  const hand = atomAtHand(context, task), { before, after } = hand;
  if (views.moved[task] === STAYS) return copy(context, before, after);
  const sum = views.sums.subarray(task * size, (task + 1) * size);
  const carried = views.carried[task];
  new Float32Array(views.x.buffer, after, layout.width)
    .set(sum.subarray(0, layout.width));
  const along = carried + sum[layout.width];
  if (!takeDirection(context, after, before, along)) {
    copy(context, before, after);
    views.moved[task] = STAYS;
    return;
  }
  const positive = orders.get("last") === 1 && spec.coder.nonnegative;
  project(context, hand, positive ? 0 : -Infinity);
  views.moved[task] = MOVES;
}
