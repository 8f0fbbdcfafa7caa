import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import type { DictionaryModel } from "./model.ts";

/** What a reconstruction needs of a model: ŷ = mean + Σ value·atom. */
export type Decoder = Pick<
  DictionaryModel,
  "width" | "atoms" | "dictionary" | "mean"
>;

/**
 * Rows from their codes, ŷ = mean + Σ value·atom, summed in float64 and rounded once.
 *
 * @param model the dictionary and mean
 * @param codes rows × sparsity slots, values in raw units
 * @returns rows × width, in raw units
 */
export function reconstruct(
  model: Decoder,
  codes: Pick<Codes, "rows" | "sparsity" | "indices" | "values">,
): Float32Array<ArrayBuffer> {
  const { width } = model;
  const rows = new Float32Array(codes.rows * width);
  const sum = new Float64Array(width);
  for (let row = 0; row < codes.rows; row++) {
    sum.set(model.mean);
    addSlots(model, codes, row, 0, codes.sparsity, sum);
    rows.set(sum, row * width);
  }
  return rows;
}

/** Adds value·atom of slots from ≤ slot < to of one row to `sum`. */
export function addSlots(
  model: Decoder,
  codes: Pick<Codes, "sparsity" | "indices" | "values">,
  row: number,
  from: number,
  to: number,
  sum: Float64Array,
): void {
  const { width, dictionary } = model;
  const first = row * codes.sparsity;
  for (let slot = first + from; slot < first + to; slot++) {
    const atom = codes.indices[slot];
    if (atom === EMPTY_SLOT) continue;
    const value = codes.values[slot];
    const offset = atom * width;
    for (let d = 0; d < width; d++) sum[d] += value * dictionary[offset + d];
  }
}
