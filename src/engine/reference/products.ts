/**
 * C = A·Bᵀ for row-major A (rows × n) and B (columns × n), summed in float64, stored in float32.
 * Four by four results a turn stay in registers.
 */
export function multiplyTransposed(
  a: Float32Array,
  rows: number,
  b: Float32Array,
  columns: number,
  n: number,
  c: Float32Array,
): void {
  for (let i = 0; i < rows; i += 4) {
    for (let j = 0; j < columns; j += 4) {
      if (i + 4 <= rows && j + 4 <= columns) tile(a, b, c, i, j, columns, n);
      else edge(a, b, c, i, j, rows, columns, n);
    }
  }
}

/**
 * G = D·Dᵀ (m × m); exactly symmetric: the lower half is computed, the upper one copied.
 *
 * @param onRow called with every fourth row before it is computed
 */
export function gram(
  dictionary: Float32Array,
  m: number,
  n: number,
  g: Float32Array,
  onRow?: (row: number) => void,
): void {
  for (let i = 0; i < m; i += 4) {
    onRow?.(i);
    for (let j = 0; j <= i; j += 4) {
      if (i + 4 <= m) tile(dictionary, dictionary, g, i, j, m, n);
      else edge(dictionary, dictionary, g, i, j, m, m, n);
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < i; j++) g[j * m + i] = g[i * m + j];
  }
}

function tile(
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  i: number,
  j: number,
  columns: number,
  n: number,
): void {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0;
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0, c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  const a0 = i * n, a1 = a0 + n, a2 = a1 + n, a3 = a2 + n;
  const b0 = j * n, b1 = b0 + n, b2 = b1 + n, b3 = b2 + n;
  for (let p = 0; p < n; p++) {
    const x0 = a[a0 + p], x1 = a[a1 + p], x2 = a[a2 + p], x3 = a[a3 + p];
    const y0 = b[b0 + p], y1 = b[b1 + p], y2 = b[b2 + p], y3 = b[b3 + p];
    c00 += x0 * y0, c01 += x0 * y1, c02 += x0 * y2, c03 += x0 * y3;
    c10 += x1 * y0, c11 += x1 * y1, c12 += x1 * y2, c13 += x1 * y3;
    c20 += x2 * y0, c21 += x2 * y1, c22 += x2 * y2, c23 += x2 * y3;
    c30 += x3 * y0, c31 += x3 * y1, c32 += x3 * y2, c33 += x3 * y3;
  }
  let o = i * columns + j;
  c[o] = c00, c[o + 1] = c01, c[o + 2] = c02, c[o + 3] = c03;
  o += columns;
  c[o] = c10, c[o + 1] = c11, c[o + 2] = c12, c[o + 3] = c13;
  o += columns;
  c[o] = c20, c[o + 1] = c21, c[o + 2] = c22, c[o + 3] = c23;
  o += columns;
  c[o] = c30, c[o + 1] = c31, c[o + 2] = c32, c[o + 3] = c33;
}

function edge(
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  i: number,
  j: number,
  rows: number,
  columns: number,
  n: number,
): void {
  for (let r = i; r < Math.min(i + 4, rows); r++) {
    for (let s = j; s < Math.min(j + 4, columns); s++) {
      c[r * columns + s] = dot(a, r * n, b, s * n, n);
    }
  }
}

/** ⟨a, b⟩ over n values, in float64. */
export function dot(
  a: Float32Array | Float64Array,
  aOffset: number,
  b: Float32Array | Float64Array,
  bOffset: number,
  n: number,
): number {
  let sum = 0;
  for (let p = 0; p < n; p++) sum += a[aOffset + p] * b[bOffset + p];
  return sum;
}
