import { DUPLICATE_COHERENCE, VANISHING_NORM } from "../../thresholds.ts";

/** Atoms too like a more used one (or one as used and of lower index), within one group's Gram. */
export function duplicateAtoms(
  gram: Float32Array,
  m: number,
  usage: Uint32Array,
): number[] {
  const found: number[] = [];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      const stronger = usage[j] > usage[i] || (usage[j] === usage[i] && j < i);
      if (
        j !== i && stronger && Math.abs(gram[i * m + j]) > DUPLICATE_COHERENCE
      ) {
        found.push(i);
        break;
      }
    }
  }
  return found;
}

/** The worst rows' numbers, worst first; of equal ones, the earlier row first. */
export function worstRows(errors: Float64Array, count: number): Uint32Array {
  if (count === 0) return new Uint32Array(0);
  return Uint32Array.from(errors, (_, row) => row)
    .sort((a, b) => errors[b] - errors[a] || a - b)
    .subarray(0, count);
}

/** Puts the normalised residuals of the worst rows, worst first, in the place of the given atoms; each row once. */
export function replaceByWorstRows(
  dictionary: Float32Array,
  atoms: Uint32Array,
  residual: Float32Array,
  errors: Float64Array,
  width: number,
): void {
  for (const [i, row] of worstRows(errors, atoms.length).entries()) {
    const norm = Math.sqrt(errors[row]);
    if (!(norm > VANISHING_NORM)) return;
    for (let p = 0; p < width; p++) {
      dictionary[atoms[i] * width + p] = residual[row * width + p] / norm;
    }
  }
}
