// Textbook forms in float64, written without regard to speed: what the engines are held against.

/** Rows of unit length, in float64. */
export type Matrix64 = Float64Array[];

/** Splits row-major float32 values into float64 rows. */
export function rowsOf(data: Float32Array, width: number): Matrix64 {
  return Array.from(
    { length: data.length / width },
    (_, i) => Float64Array.from(data.subarray(i * width, (i + 1) * width)),
  );
}

/** ⟨a, b⟩. */
export function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += a[p] * b[p];
  return sum;
}

/** Solves A·x = b by Gaussian elimination with partial pivoting. */
export function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  const a = matrix.map((row, i) => [...row, right[i]]);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) {
      if (Math.abs(a[r][c]) > Math.abs(a[pivot][c])) pivot = r;
    }
    [a[c], a[pivot]] = [a[pivot], a[c]];
    for (let r = c + 1; r < n; r++) {
      const factor = a[r][c] / a[c][c];
      for (let q = c; q <= n; q++) a[r][q] -= factor * a[c][q];
    }
  }
  const x = new Array(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    let sum = a[r][n];
    for (let q = r + 1; q < n; q++) sum -= a[r][q] * x[q];
    x[r] = sum / a[r][r];
  }
  return x;
}

/** Least squares of y on some atoms, with ridge; correlations are first reduced by `pull`. */
export function leastSquaresOn(
  atoms: Matrix64,
  support: number[],
  y: Float64Array,
  ridge = 0,
  pull: number[] = [],
): number[] {
  const gram = support.map((i) =>
    support.map((j) => inner(atoms[i], atoms[j]) + (i === j ? ridge : 0))
  );
  return solve(
    gram,
    support.map((i, s) => inner(atoms[i], y) - (pull[s] ?? 0)),
  );
}

/** y − Σ x_s·d_s. */
export function residualOf(
  atoms: Matrix64,
  support: number[],
  x: number[],
  y: Float64Array,
): Float64Array {
  const left = y.slice();
  support.forEach((j, s) => {
    for (let p = 0; p < left.length; p++) left[p] -= x[s] * atoms[j][p];
  });
  return left;
}

/** Orthogonal matching pursuit: the most correlated atom, then least squares on all chosen, again and again. */
export function pursue(
  atoms: Matrix64,
  y: Float64Array,
  k: number,
): { support: number[]; x: number[] } {
  const support: number[] = [];
  let x: number[] = [], left = y;
  while (support.length < k) {
    let best = -1, most = 0;
    atoms.forEach((d, j) => {
      const size = Math.abs(inner(d, left));
      if (size > most && !support.includes(j)) [best, most] = [j, size];
    });
    if (best < 0) break;
    support.push(best);
    x = leastSquaresOn(atoms, support, y);
    left = residualOf(atoms, support, x, y);
  }
  return { support, x };
}

/** What a choice of atoms is dialled to; the plain one where left out. */
export interface Dial {
  /** λ of the choice. */
  ridge?: number | undefined;
  /** One an atom. */
  weights?: ArrayLike<number> | undefined;
  /** Only atoms of positive correlation. */
  positive?: boolean;
  /** What a weighted correlation has to exceed. */
  threshold?: number;
}

/**
 * Pursuit with a selection ridge: the atom of the largest weighted correlation with what ridge regression on those
 * chosen leaves of the row, again and again; least squares without ridge at the end.
 */
export function pursueDialled(
  atoms: Matrix64,
  y: Float64Array,
  k: number,
  { ridge = 0, weights, positive = false, threshold = 0 }: Dial,
): { support: number[]; x: number[] } {
  const support: number[] = [];
  let left = y;
  while (support.length < k) {
    let best = -1, most = threshold;
    atoms.forEach((d, j) => {
      const a = inner(d, left);
      const size = (weights?.[j] ?? 1) * (positive ? a : Math.abs(a));
      if (size > most && !support.includes(j)) [best, most] = [j, size];
    });
    if (best < 0) break;
    support.push(best);
    const shrunk = leastSquaresOn(atoms, support, y, ridge);
    left = residualOf(atoms, support, shrunk, y);
  }
  return { support, x: leastSquaresOn(atoms, support, y) };
}

/** Plain matching pursuit with repeats, as the paper's coder: ends before a (k+1)-th distinct atom, or at 4k steps. */
export function match(
  atoms: Matrix64,
  y: Float64Array,
  k: number,
): { support: number[]; x: number[] } {
  const support: number[] = [], x: number[] = [];
  const left = y.slice();
  for (let step = 0; step < 4 * k; step++) {
    const a = atoms.map((d) => inner(d, left));
    const j = a.reduce((b, v, i) => Math.abs(v) > Math.abs(a[b]) ? i : b, 0);
    let slot = support.indexOf(j);
    if (slot < 0) {
      if (support.length === k) break;
      slot = support.push(j) - 1;
      x.push(0);
    }
    x[slot] += a[j];
    for (let p = 0; p < left.length; p++) left[p] -= a[j] * atoms[j][p];
  }
  return { support, x };
}

/** Non-negative least squares by trying every subset of the support. */
export function nonnegativeByBruteForce(
  atoms: Matrix64,
  support: number[],
  y: Float64Array,
): number[] {
  let best: number[] = support.map(() => 0), least = inner(y, y);
  for (let mask = 1; mask < 1 << support.length; mask++) {
    const subset = support.filter((_, s) => mask >> s & 1);
    const x = leastSquaresOn(atoms, subset, y);
    if (x.some((v) => v < 0)) continue;
    const left = residualOf(atoms, subset, x, y);
    const error = inner(left, left);
    if (error >= least) continue;
    least = error;
    best = support.map((j) => subset.includes(j) ? x[subset.indexOf(j)] : 0);
  }
  return best;
}

/**
 * Leading singular triple by one-sided Jacobi (Hestenes 1958), every singular value being found. It turns the
 * matrix's shorter side: of more vectors than dimensions some come to rounding noise, which never gets orthogonal.
 *
 * @param columns the matrix's columns
 * @returns the left vector u and σ·v, one value a column
 */
function leadingSingular(
  columns: Matrix64,
): { u: Float64Array; scaled: Float64Array } {
  const width = columns[0].length, wide = columns.length > width;
  const a = wide
    ? Array.from(
      { length: width },
      (_, p) => Float64Array.from(columns, (column) => column[p]),
    )
    : columns.map((column) => column.slice());
  const count = a.length;
  for (let sweep = 0; sweep < 60; sweep++) {
    let turned = 0;
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) {
        turned = Math.max(turned, turn(a, i, j));
      }
    }
    if (turned < 1e-13) break;
  }
  const lengths = a.map((column) => Math.sqrt(inner(column, column)));
  const top = lengths.indexOf(Math.max(...lengths));
  const leading = a[top].map((v) => v / lengths[top]);
  const u = wide ? combined(columns, leading) : leading;
  return {
    u,
    scaled: Float64Array.from(columns, (column) => inner(column, u)),
  };
}

/** Σ v_c·column_c, at unit length. */
function combined(columns: Matrix64, v: Float64Array): Float64Array {
  const sum = new Float64Array(columns[0].length);
  columns.forEach((column, c) => {
    for (let p = 0; p < sum.length; p++) sum[p] += v[c] * column[p];
  });
  const length = Math.sqrt(inner(sum, sum));
  return sum.map((value) => value / length);
}

function turn(a: Matrix64, i: number, j: number): number {
  const alpha = inner(a[i], a[i]), beta = inner(a[j], a[j]);
  const gamma = inner(a[i], a[j]);
  const size = Math.abs(gamma) / Math.sqrt(alpha * beta || 1);
  if (size < 1e-14) return 0;
  const zeta = (beta - alpha) / (2 * gamma);
  const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const c = 1 / Math.hypot(1, t), s = c * t;
  for (let p = 0; p < a[i].length; p++) {
    const x = a[i][p], y = a[j][p];
    a[i][p] = c * x - s * y;
    a[j][p] = s * x + c * y;
  }
  return size;
}

/** Sparse codes as lists: for every row its atoms and coefficients. */
export type SparseRows = { support: number[]; x: number[] }[];

/**
 * One K-SVD dictionary update (Aharon et al. 2006): atoms in order, each the leading singular pair of what it is to
 * explain.
 */
export function ksvdUpdate(
  rows: Matrix64,
  atoms: Matrix64,
  codes: SparseRows,
): { atoms: Matrix64; codes: SparseRows; error: number } {
  const d = atoms.map((atom) => atom.slice());
  const x = codes.map(({ support, x }) => ({
    support: [...support],
    x: [...x],
  }));
  const left = rows.map((y, i) => residualOf(d, x[i].support, x[i].x, y));
  d.forEach((atom, j) => {
    const users = x.flatMap(({ support }, i) => {
      const slot = support.indexOf(j);
      return slot < 0 ? [] : [{ i, slot }];
    });
    if (users.length === 0) return;
    const columns = users.map(({ i, slot }) =>
      left[i].map((v, p) => v + x[i].x[slot] * atom[p])
    );
    const { u, scaled } = leadingSingular(columns);
    const sign = Math.sign(inner(u, atom)) || 1;
    users.forEach(({ i, slot }, c) => {
      x[i].x[slot] = sign * scaled[c];
      left[i] = columns[c].map((v, p) => v - scaled[c] * u[p]);
    });
    d[j] = u.map((v) => sign * v);
  });
  const error = left.reduce((sum, r) => sum + inner(r, r), 0);
  return { atoms: d, codes: x, error };
}
