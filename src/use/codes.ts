import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import type { RowRange } from "../rows/block_store.ts";
import type { RowBatch } from "../rows/source.ts";

/** Row number of every row of a batch. */
export function rowNumbersOf(
  batch: RowBatch,
): Float64Array {
  return batch.rowNumbers ??
    Float64Array.from({ length: batch.rows }, (_, i) => batch.firstRow + i);
}

/** The range that rows lie in, which come in stored order, some perhaps left out. */
export function rangeOf(rowNumbers: Float64Array): RowRange {
  return {
    start: rowNumbers[0],
    end: rowNumbers[rowNumbers.length - 1] + 1,
  };
}

/** Codes as dense rows × atoms values. */
export function denseCodes(codes: Codes, atoms: number): Float32Array {
  const dense = new Float32Array(codes.rows * atoms);
  for (let slot = 0; slot < codes.indices.length; slot++) {
    const atom = codes.indices[slot];
    if (atom === EMPTY_SLOT) continue;
    const row = Math.floor(slot / codes.sparsity);
    dense[row * atoms + atom] += codes.values[slot];
  }
  return dense;
}
