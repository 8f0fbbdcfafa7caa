// Small dense systems on a support, in float64.

/** Where factors are worked out: one made for every row would leave the process's memory in pieces. */
let room = new Float64Array(0);

/**
 * Solves A·x = b for a symmetric positive semi-definite A by Cholesky. A direction whose pivot is at rounding level
 * of its diagonal is left out (its coefficient is 0), so the answer is finite for any support.
 *
 * @param matrix A, c × c
 * @param right b, c values
 * @param x where the solution goes, c values or more
 * @param least pivots of at most this share of their diagonal are left out
 */
export function leastSquares(
  matrix: Float64Array,
  right: Float64Array,
  x: Float64Array = new Float64Array(right.length),
  least = 1e-9,
): Float64Array {
  const c = right.length, lower = roomFor(c * c);
  for (let i = 0; i < c; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * c + j];
      for (let p = 0; p < j; p++) sum -= lower[i * c + p] * lower[j * c + p];
      if (i === j) {
        lower[i * c + i] = sum > least * matrix[i * c + i]
          ? Math.sqrt(sum)
          : Infinity;
      } else lower[i * c + j] = sum / lower[j * c + j];
    }
  }
  for (let i = 0; i < c; i++) {
    let sum = right[i];
    for (let p = 0; p < i; p++) sum -= lower[i * c + p] * x[p];
    x[i] = sum / lower[i * c + i];
  }
  for (let i = c - 1; i >= 0; i--) {
    let sum = x[i];
    for (let p = i + 1; p < c; p++) sum -= lower[p * c + i] * x[p];
    x[i] = sum / lower[i * c + i];
  }
  return x;
}

/**
 * Minimises ½xᵀAx − bᵀx over x ≥ 0 by Lawson and Hanson's active sets (Solving Least Squares Problems, 1974, chapter
 * 23).
 *
 * @param matrix A, c × c, symmetric positive semi-definite
 * @param right b, c values
 */
export function nonnegativeLeastSquares(
  matrix: Float64Array,
  right: Float64Array,
): Float64Array {
  const c = right.length;
  const x = new Float64Array(c);
  const passive: number[] = [];
  const small = 1e-10 *
    right.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  for (let turn = 0; turn < 3 * c + 3; turn++) {
    const entering = steepest(matrix, right, x, passive, small);
    if (entering < 0) break;
    passive.push(entering);
    while (passive.length > 0 && stepTowards(matrix, right, x, passive));
  }
  return x;
}

function roomFor(values: number): Float64Array {
  if (room.length < values) room = new Float64Array(values);
  return room;
}

function steepest(
  matrix: Float64Array,
  right: Float64Array,
  x: Float64Array,
  passive: number[],
  small: number,
): number {
  const c = right.length;
  let best = -1, most = small;
  for (let i = 0; i < c; i++) {
    if (passive.includes(i)) continue;
    let slope = right[i];
    for (let p = 0; p < c; p++) slope -= matrix[i * c + p] * x[p];
    if (slope > most) most = slope, best = i;
  }
  return best;
}

// Moves x to the passive set's least squares, or as far as stays feasible, dropping what reaches 0; true where it
// dropped any.
function stepTowards(
  matrix: Float64Array,
  right: Float64Array,
  x: Float64Array,
  passive: number[],
): boolean {
  const c = right.length, p = passive.length;
  const sub = new Float64Array(p * p), b = new Float64Array(p);
  passive.forEach((i, s) => {
    b[s] = right[i];
    passive.forEach((j, t) => sub[s * p + t] = matrix[i * c + j]);
  });
  const target = leastSquares(sub, b);
  let share = 1, leaving = -1;
  passive.forEach((i, s) => {
    if (target[s] > 0) return;
    const reach = x[i] > 0 ? x[i] / (x[i] - target[s]) : 0;
    if (reach < share || leaving < 0) {
      share = Math.min(share, reach), leaving = s;
    }
  });
  passive.forEach((i, s) => x[i] += share * (target[s] - x[i]));
  if (leaving < 0) return false;
  x[passive[leaving]] = 0;
  passive.splice(leaving, 1);
  return true;
}
