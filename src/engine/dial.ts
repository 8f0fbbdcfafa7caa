import type { CoderOptions } from "./engine.ts";

/**
 * True where a pursuit takes the largest correlation of what is left, as OMP and MP do: no selection ridge, no weights, and
 * no candidates left out beside those of non-negative codes.
 */
export function choosesPlainly(coder: CoderOptions): boolean {
  const { selectionRidge = 0, weights, candidates, nonnegative } = coder;
  return selectionRidge === 0 &&
    (weights === undefined || weights.every((weight) => weight === 1)) &&
    (candidates !== "positive" || nonnegative);
}
