// Random vectors and what kernels make of them, in plain loops.
import assert from "node:assert/strict";
import { randomStream } from "../../src/random.ts";
import { rowsOf } from "../engine/reference.ts";
import { unitRows } from "../gpu/planted.ts";

type Random = ReturnType<typeof randomStream>;

/** Atoms of unit length, their Gram, and correlations of a row with them. */
export interface Problem {
  unit: Float32Array[];
  gram: Float32Array;
  correlations: Float32Array;
}

/** Random atoms, and random correlations that are not those of any row. */
export function problem(atoms: number, width: number, random: Random): Problem {
  const unit = rowsOf(unitRows(atoms, width, () => random.normal()), width)
    .map((atom) => Float32Array.from(atom));
  const gram = unit.flatMap((a) => unit.map((b) => inner(a, b)));
  return {
    unit,
    gram: Float32Array.from(gram),
    correlations: normals(atoms, random),
  };
}

/** Normal numbers from a stream, or from the one of a label. */
export function normals(
  count: number,
  label: string | Random,
): Float32Array {
  const random = typeof label === "string" ? randomStream(7, label) : label;
  return new Float32Array(count).map(() => random.normal());
}

/** One row of a row-major matrix. */
export function row(
  values: Float32Array,
  i: number,
  width: number,
): Float32Array {
  return values.subarray(i * width, (i + 1) * width);
}

/** ⟨a, b⟩. */
export function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += a[p] * b[p];
  return sum;
}

/** Asserts that a value is off by no more than so much, times the expected one where that is large. */
export function assertNear(value: number, expected: number, off: number): void {
  assert(Math.abs(value - expected) <= off * (1 + Math.abs(expected)));
}
