import { dot } from "../engine/reference/products.ts";
import { EMPTY_SLOT } from "../engine/engine.ts";
import { ROUNDING, TIE } from "./check_ties.ts";

/** A problem too large for its Gram to be brought to the host, with the codes found. */
export interface LargeProblem {
  data: Float32Array;
  dictionary: Float32Array;
  n: number;
  m: number;
  k: number;
  indices: Uint32Array;
  values: Float32Array;
}

/** Rows whose pursuit is followed. */
const ROWS = 4;

/**
 * Holds exact OMP's codes to float64 without a Gram: some rows' residuals are followed atom by atom in orthonormal
 * directions; at steps 1, 2, 4, … and the last, the atom chosen must have the greatest correlation of all or tie with
 * it, and at the end the coefficients must be those of least squares.
 */
export function checkLargeCodes(
  problem: LargeProblem,
  sample: readonly number[],
): { maxRelativeError: number; supportAgreement: number } {
  const stride = Math.max(1, Math.floor(sample.length / ROWS));
  const rows = sample.filter((_, i) => i % stride === 0).slice(0, ROWS);
  const found = rows.map((row) => followRow(problem, row));
  return {
    maxRelativeError: Math.max(...found.map(({ error }) => error)),
    supportAgreement: found.filter(({ same }) => same).length / found.length,
  };
}

function followRow(
  { data, dictionary, n, m, k, indices, values }: LargeProblem,
  row: number,
): { same: boolean; error: number } {
  const chosen = indices.subarray(row * k, (row + 1) * k);
  const ends = chosen.indexOf(EMPTY_SLOT);
  const count = ends < 0 ? k : ends;
  const left = Float64Array.from(data.subarray(row * n, (row + 1) * n));
  const rounding = ROUNDING * Math.sqrt(dot(left, 0, left, 0, n));
  const basis: Float64Array[] = [], triangle: Float64Array[] = [];
  const along = new Float64Array(count);
  let same = true;
  for (let t = 0; t < count; t++) {
    const checked = (t & (t + 1)) === 0 || t === count - 1;
    if (
      checked && !isGreatest(left, dictionary, { n, m }, chosen, t, rounding)
    ) {
      same = false;
    }
    const atom = Float64Array.from(
      dictionary.subarray(chosen[t] * n, (chosen[t] + 1) * n),
    );
    const column = new Float64Array(t + 1);
    basis.forEach((direction, i) => {
      column[i] = dot(direction, 0, atom, 0, n);
      for (let p = 0; p < n; p++) atom[p] -= column[i] * direction[p];
    });
    column[t] = Math.sqrt(dot(atom, 0, atom, 0, n));
    for (let p = 0; p < n; p++) atom[p] /= column[t];
    along[t] = dot(atom, 0, left, 0, n);
    for (let p = 0; p < n; p++) left[p] -= along[t] * atom[p];
    basis.push(atom);
    triangle.push(column);
  }
  for (let t = count - 1; t >= 0; t--) {
    along[t] /= triangle[t][t];
    for (let i = 0; i < t; i++) along[i] -= triangle[t][i] * along[t];
  }
  const size = Math.hypot(...along) || 1;
  const error = along.reduce(
    (most, x, t) => Math.max(most, Math.abs(values[row * k + t] - x) / size),
    0,
  );
  return { same, error };
}

function isGreatest(
  left: Float64Array,
  dictionary: Float32Array,
  { n, m }: { n: number; m: number },
  chosen: Uint32Array,
  t: number,
  rounding: number,
): boolean {
  const before = new Set(chosen.subarray(0, t));
  const own = Math.abs(dot(left, 0, dictionary, chosen[t] * n, n)) + rounding;
  for (let j = 0; j < m; j++) {
    if (before.has(j)) continue;
    if (own < (1 - TIE) * Math.abs(dot(left, 0, dictionary, j * n, n))) {
      return false;
    }
  }
  return true;
}
