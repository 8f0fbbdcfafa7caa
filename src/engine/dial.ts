import type { CoderOptions } from "./engine.ts";

/** True where only atoms of positive correlation are candidates. */
export function isPositive(
  { candidates, nonnegative }: CoderOptions,
): boolean {
  return nonnegative || candidates === "positive";
}

/** True where atoms have factors in OMP's choice that are not all 1. */
export function isWeighted({ method, weights }: CoderOptions): boolean {
  return method === "omp" && weights !== undefined &&
    weights.some((weight) => weight !== 1);
}
