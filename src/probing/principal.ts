import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Sides of the largest matrix whose eigenvectors are worked out. */
const LARGEST = 1024;

/** Rows that the components are found from, at most. */
const MOST_ROWS = 16384;

/**
 * The principal components of rows as seen along them: rows × components, in order of variance. Wider rows than 1024
 * are taken apart by as many of them.
 *
 * @param data rows × width, their mean taken off
 * @param width n
 * @param fitted the rows that the components are found from
 */
export function principalCoordinates(
  data: Float32Array,
  width: number,
  fitted: Uint32Array,
): { data: Float32Array; count: number } {
  const basis = width <= LARGEST
    ? fromCovariance(data, width, evenly(fitted, MOST_ROWS))
    : fromGram(data, width, evenly(fitted, LARGEST));
  const rows = data.length / width, count = basis.length;
  const out = new Float32Array(rows * count);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let p = 0; p < width; p++) sum += data[i * width + p] * basis[c][p];
      out[i * count + c] = sum;
    }
  }
  return { data: out, count };
}

function fromCovariance(
  data: Float32Array,
  width: number,
  rows: Uint32Array,
): Float64Array[] {
  const covariance = Matrix.zeros(width, width);
  const sums = Array.from({ length: width }, () => new Float64Array(width));
  for (const row of rows) {
    const at = row * width;
    for (let p = 0; p < width; p++) {
      const value = data[at + p], to = sums[p];
      for (let q = 0; q <= p; q++) to[q] += value * data[at + q];
    }
  }
  for (let p = 0; p < width; p++) {
    for (let q = 0; q <= p; q++) {
      covariance.set(p, q, sums[p][q]);
      covariance.set(q, p, sums[p][q]);
    }
  }
  return vectorsOf(covariance).map(({ vector }) => vector);
}

// The eigenvectors of R·Rᵀ, taken back to the rows' space.
function fromGram(
  data: Float32Array,
  width: number,
  rows: Uint32Array,
): Float64Array[] {
  const gram = Matrix.zeros(rows.length, rows.length);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let p = 0; p < width; p++) {
        sum += data[rows[i] * width + p] * data[rows[j] * width + p];
      }
      gram.set(i, j, sum);
      gram.set(j, i, sum);
    }
  }
  return vectorsOf(gram).map(({ vector, value }) => {
    const direction = new Float64Array(width);
    for (let i = 0; i < rows.length; i++) {
      const weight = vector[i] / Math.sqrt(value);
      for (let p = 0; p < width; p++) {
        direction[p] += weight * data[rows[i] * width + p];
      }
    }
    return direction;
  });
}

// Eigenvectors in order of their values, those at rounding level left out.
function vectorsOf(
  matrix: Matrix,
): { vector: Float64Array; value: number }[] {
  const found = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = found;
  const most = Math.max(...values);
  return values.map((value, c) => ({ value, c }))
    .filter(({ value }) => value > 1e-9 * most)
    .sort((a, b) => b.value - a.value)
    .map(({ value, c }) => ({
      value,
      vector: Float64Array.from(
        { length: matrix.rows },
        (_, p) => vectors.get(p, c),
      ),
    }));
}

function evenly(rows: Uint32Array, most: number): Uint32Array {
  if (rows.length <= most) return rows;
  return Uint32Array.from(
    { length: most },
    (_, i) => rows[Math.floor(i * rows.length / most)],
  );
}
