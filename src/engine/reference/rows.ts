import type { Normalisation } from "../engine.ts";

/** Σ‖row‖² of every row, in float64, into `energies`. */
export function rowEnergies(
  rows: Float32Array,
  count: number,
  width: number,
  energies: Float64Array = new Float64Array(count),
): Float64Array {
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let p = i * width; p < (i + 1) * width; p++) sum += rows[p] * rows[p];
    energies[i] = sum;
  }
  return energies;
}

/** (y − mean)·scale for every row, as float32, into `out`. */
export function normaliseRows(
  data: Float32Array,
  count: number,
  width: number,
  { mean, scale }: Normalisation,
  out: Float32Array = new Float32Array(count * width),
): Float32Array {
  for (let i = 0; i < count; i++) {
    for (let p = 0; p < width; p++) {
      out[i * width + p] = (data[i * width + p] - mean[p]) * scale;
    }
  }
  return out;
}

/** The sum of some float64 values. */
export function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
