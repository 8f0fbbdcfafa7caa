import { NEGLIGIBLE_CORRELATION } from "../thresholds.ts";
import type { CoderOptions } from "./engine.ts";

/** True where only atoms of positive correlation are candidates. */
export function isPositive(
  { candidates, nonnegative }: CoderOptions,
): boolean {
  return nonnegative || candidates === "positive";
}

/**
 * What a candidate's correlation has to exceed: what rounding leaves of a row, or the coder's threshold, in float32 as
 * kernels compare.
 *
 * @param whole ‖y‖² of the whole row
 * @param threshold the coder's
 */
export function correlationFloor(whole: number, threshold = 0): number {
  const rounding = NEGLIGIBLE_CORRELATION * Math.sqrt(whole);
  return Math.max(rounding, Math.fround(threshold));
}

/** True where atoms have factors in OMP's choice that are not all 1. */
export function isWeighted({ method, weights }: CoderOptions): boolean {
  return method === "omp" && weights !== undefined &&
    weights.some((weight) => weight !== 1);
}
