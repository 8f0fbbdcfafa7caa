import assert from "node:assert/strict";
import type { Codes, EngineSpec } from "../../src/engine/engine.ts";
import { randomStream } from "../../src/random.ts";
import { supportOf, valuesOf } from "./codes.ts";
import { inner, leastSquaresOn, residualOf } from "./reference.ts";

/** Sizes that no tile, vector or workgroup divides. */
export const SIZES = { width: 31, atoms: 67, rows: 203, sparsity: 6 };

/** Codes rows with a spec and a dictionary. */
export type CodeRows = (
  spec: EngineSpec,
  dictionary: Float32Array,
  data: Float32Array<ArrayBuffer>,
) => Promise<Codes>;

/** Normal numbers of a stream of their own. */
export function normals(label: string): () => number {
  return randomStream(3, label).normal;
}

/** Checks that codes are numbers, and residuals shares. */
export function assertFinite(codes: Codes): void {
  assert(codes.values.every(Number.isFinite));
  assert(codes.residual.every((r) => r >= 0 && r <= 1 + 1e-5));
}

/** Checks coefficients within float32's bounds: reconstructions within 1e-4 of ‖y‖ of the least squares'. */
export function assertLeastSquares(
  codes: Codes,
  row: number,
  atoms: Float64Array[],
  y: Float64Array,
): void {
  const support = supportOf(codes, row), values = valuesOf(codes, row);
  const x = leastSquaresOn(atoms, support, y);
  const length = Math.sqrt(inner(y, y));
  const off = residualOf(
    atoms,
    support,
    values.map((v, s) => v - x[s]),
    new Float64Array(y.length),
  );
  assert(Math.sqrt(inner(off, off)) < 1e-4 * length, `row ${row}`);
}
