import { EXACT_STEPS, MP_STEPS_PER_NONZERO } from "../constants.ts";
import { FEWEST_LANES, LIST_PIECE } from "./stages/common.ts";
import type { PursuitLayout } from "./stages/pursue.ts";
import type { Tuning } from "./tuning.ts";

/** Searches of a step at most, where Gram rows left unread leave too many candidates. */
const SEARCHES = 3;

/** Candidates that one invocation compares in a step, at most: 128 of them among 32 threads. */
const COMPARED = 4;

/** Most threads that work on a row. */
const MOST_ROW_THREADS = 256;

/** Fewest threads that solve for the coefficients of a row. */
const SOLVER_THREADS = 32;

/** Turns that the loops of a pursuit's invocation take for one row, at most; where it is `pruned`, a step may search again. */
export function pursuitTurns(
  method: "omp" | "mp",
  { threads, stride, elements }: PursuitLayout,
  sparsity: number,
  pruned = false,
): number {
  const reduction = threads / FEWEST_LANES;
  const each = Math.ceil(sparsity / threads);
  const scan = elements === 0 ? stride / threads : 0;
  if (method === "mp") {
    const step = reduction + 2 * scan + 2 * each + sparsity;
    return MP_STEPS_PER_NONZERO * sparsity * step;
  }
  const rows = sparsity / 2; // Of the support, over all steps on average.
  const choice = 2 * reduction + scan + rows * (2 + scan);
  const compared = pruned ? COMPARED * (1 + rows) : 0;
  const step = (pruned ? SEARCHES : 1) * choice + compared +
    each * (3 + 2 * rows) + rows;
  return sparsity * step;
}

/** Turns that solving for the coefficients on a support takes for one row, at most. */
export function solveTurns(
  sparsity: number,
  nonnegative: boolean,
): number {
  const each = Math.ceil(sparsity / SOLVER_THREADS);
  const once = sparsity * each * (sparsity / 3 + 6) + 3 * sparsity;
  return nonnegative ? (sparsity + 1) * (once + each * 2 * sparsity) : once;
}

/** Exact mode's power steps in one dispatch, for atoms that as many rows may use. */
export function exactStepsAtOnce(
  budget: number,
  rows: number,
  elements: number,
): number {
  const turns = rows * (1 + elements / 32) + 100;
  return Math.max(1, Math.min(EXACT_STEPS, Math.floor(budget / turns)));
}

/**
 * Workgroups that share items of work among them, enough that none of them loops for too long.
 *
 * @param items there are at most
 * @param turns that the loops take for one item, at most
 * @param expected items that there are as a rule: no more workgroups are started for them than could share in the work
 */
export function workersFor(
  { workers, loopBudget }: Tuning,
  items: number,
  turns: number,
  expected = items,
): number {
  const needed = Math.ceil(items * turns / loopBudget);
  return Math.min(items, Math.max(Math.min(workers, expected), needed));
}

/** Turns of the loops over one row of an atom batch, at most, with a reduction for each of its k nonzeros. */
export function applyTurns(sparsity: number, width: number): number {
  return sparsity * (2 + reductionTurns(width));
}

/** Turns of the loops over one piece of an atom's list, with a reduction for each entry in later power steps. */
export function pieceTurns(width: number, again: boolean): number {
  return 20 + LIST_PIECE * (again ? 1 + reductionTurns(width) : 1 / 4);
}

function reductionTurns(width: number): number {
  return Math.ceil(Math.min(width / 4, MOST_ROW_THREADS) / FEWEST_LANES);
}
