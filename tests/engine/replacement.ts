import {
  inner,
  leastSquaresOn,
  type Matrix64,
  residualOf,
} from "./reference.ts";

/** ‖y − its least squares on some atoms‖². */
export function errorOn(
  atoms: Matrix64,
  support: number[],
  y: Float64Array,
): number {
  const x = leastSquaresOn(atoms, support, y);
  const left = residualOf(atoms, support, x, y);
  return inner(left, left);
}

/**
 * Sequential replacement as a textbook has it: every atom in every slot by its own least squares. The best takes the
 * slot where it lowers the error by more than the old atom did, by 10⁻³ of that and 10⁻⁷·‖y‖².
 */
export function replaced(
  atoms: Matrix64,
  start: number[],
  y: Float64Array,
  passes: number,
): number[] {
  const support = [...start], floor = 1e-7 * inner(y, y);
  for (let pass = 0; pass < passes; pass++) {
    let swaps = 0;
    for (let s = 0; s < support.length; s++) {
      const others = support.filter((_, t) => t !== s);
      const without = errorOn(atoms, others, y);
      const loss = without - errorOn(atoms, support, y);
      let best = -1, most = (1 + 1e-3) * loss + floor;
      atoms.forEach((atom, j) => {
        if (others.includes(j) || errorOn(atoms, others, atom) < 1e-3) return;
        const gain = without - errorOn(atoms, [...others, j], y);
        if (gain > most) [best, most] = [j, gain];
      });
      if (best < 0) continue;
      support[s] = best;
      swaps++;
    }
    if (swaps === 0) break;
  }
  return support;
}
