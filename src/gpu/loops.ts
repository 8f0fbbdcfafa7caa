import { EXACT_STEPS, MP_STEPS_PER_NONZERO } from "../engine/constants.ts";
import type { PursuitLayout } from "./kernel_set.ts";

/** Fewest lanes of a subgroup: reductions loop over at most threads / this. */
const FEWEST_LANES = 4;

/** Fewest threads that solve for the coefficients of a row. */
const SOLVER_THREADS = 32;

/** Turns that the loops of a pursuit's invocation take for one row, at most. */
export function pursuitTurns(
  method: "omp" | "mp",
  { threads, stride, elements }: PursuitLayout,
  sparsity: number,
): number {
  const reduction = threads / FEWEST_LANES;
  const each = Math.ceil(sparsity / threads);
  const scan = elements === 0 ? stride / threads : 0;
  if (method === "mp") {
    const step = reduction + 2 * scan + 2 * each + sparsity;
    return MP_STEPS_PER_NONZERO * sparsity * step;
  }
  const rows = sparsity / 2; // Of the support, over all steps on average.
  const step = 2 * reduction + scan + each * (3 + 2 * rows) + rows * (3 + scan);
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
