import { dot } from "../engine/reference/products.ts";

/** Correlations this near each other are a tie in float32: which of them is taken is rounding's choice. */
export const TIE = 1e-5;

/**
 * So are those that differ by this share of ‖y‖: what is left of a row may be small beside what was subtracted from
 * it.
 */
export const ROUNDING = 1e-6;

/** A row to code once more. */
export interface TiedRow {
  /** n values. */
  row: Float32Array;
  /** m × n. */
  dictionary: Float32Array;
  method: "mp" | "omp";
  /** Atoms that were found, in order. */
  found: readonly number[];
}

/**
 * True where a pursuit in float64 takes the atoms found, in their order, once it follows them wherever they tie with
 * the greatest correlation: a support that differs from the oracle's by rounding alone.
 */
export function differsByTies(
  { row, dictionary, method, found }: TiedRow,
): boolean {
  const n = row.length, m = dictionary.length / n;
  const left = Float64Array.from(row);
  const rounding = ROUNDING * Math.sqrt(dot(row, 0, row, 0, n));
  const basis: Float64Array[] = [], taken: number[] = [];
  const atomOf = (j: number) =>
    Float64Array.from(dictionary.subarray(j * n, (j + 1) * n));
  for (let step = 0; step < 4 * found.length; step++) {
    const barred = method === "omp" ? taken : [];
    const { best, size, sizes } = greatest(left, dictionary, m, barred);
    const wanted = found[taken.length];
    const tied = wanted !== undefined &&
      sizes[wanted] >= (1 - TIE) * size - rounding;
    const j = tied ? wanted : best;
    const again = taken.includes(j);
    if (!again && j !== wanted) return taken.length === found.length;
    const atom = atomOf(j);
    if (method === "omp") orthonormalise(atom, basis);
    const along = dot(atom, 0, left, 0, n);
    for (let p = 0; p < n; p++) left[p] -= along * atom[p];
    if (!again) taken.push(j);
    if (method === "omp" && taken.length === found.length) break;
  }
  return taken.length === found.length;
}

function greatest(
  left: Float64Array,
  dictionary: Float32Array,
  m: number,
  barred: readonly number[],
): { best: number; size: number; sizes: Float64Array } {
  const n = left.length;
  const sizes = new Float64Array(m);
  let best = 0;
  for (let j = 0; j < m; j++) {
    sizes[j] = Math.abs(dot(left, 0, dictionary, j * n, n));
    if (barred.includes(j)) sizes[j] = -1;
    if (sizes[j] > sizes[best]) best = j;
  }
  return { best, size: sizes[best], sizes };
}

function orthonormalise(atom: Float64Array, basis: Float64Array[]): void {
  const n = atom.length;
  for (const direction of basis) {
    const along = dot(direction, 0, atom, 0, n);
    for (let p = 0; p < n; p++) atom[p] -= along * direction[p];
  }
  const length = Math.sqrt(dot(atom, 0, atom, 0, n));
  for (let p = 0; p < n; p++) atom[p] /= length;
  basis.push(atom);
}
