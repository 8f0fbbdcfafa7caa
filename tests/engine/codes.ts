import { type Codes, EMPTY_SLOT } from "../../src/engine/engine.ts";

/** The atoms of one row's code, in their order. */
export function supportOf(codes: Codes, row: number): number[] {
  const k = codes.sparsity;
  return [...codes.indices.subarray(row * k, row * k + k)]
    .filter((j) => j !== EMPTY_SLOT);
}

/** Its coefficients, in the same order. */
export function valuesOf(codes: Codes, row: number): number[] {
  const k = codes.sparsity;
  return [...codes.values.subarray(row * k, row * k + k)]
    .filter((_, s) => codes.indices[row * k + s] !== EMPTY_SLOT);
}
