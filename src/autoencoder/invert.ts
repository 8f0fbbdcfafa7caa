import { pauseIfDue } from "../pause.ts";

/**
 * The inverse of a symmetric positive definite matrix, by Cholesky: A = L·Lᵀ, A⁻¹ = L⁻ᵀ·L⁻¹.
 *
 * @param matrix size × size, which is left as it is
 * @param size of it
 * @param signal ends the call
 */
export async function invertPositive(
  matrix: Float64Array,
  size: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const factor = matrix.slice();
  for (let i = 0; i < size; i++) {
    await pauseIfDue(signal);
    for (let j = 0; j <= i; j++) {
      let sum = factor[i * size + j];
      for (let k = 0; k < j; k++) {
        sum -= factor[i * size + k] * factor[j * size + k];
      }
      factor[i * size + j] = i === j
        ? Math.sqrt(sum)
        : sum / factor[j * size + j];
    }
  }
  // Row j of `columns` is column j of L⁻¹, so that every sum runs along rows.
  const columns = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    await pauseIfDue(signal);
    columns[j * size + j] = 1 / factor[j * size + j];
    for (let i = j + 1; i < size; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) {
        sum -= factor[i * size + k] * columns[j * size + k];
      }
      columns[j * size + i] = sum / factor[i * size + i];
    }
  }
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    await pauseIfDue(signal);
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < size; k++) {
        sum += columns[i * size + k] * columns[j * size + k];
      }
      inverse[i * size + j] = inverse[j * size + i] = sum;
    }
  }
  return inverse;
}
