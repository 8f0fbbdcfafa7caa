import type { ElementType } from "./columns.ts";

/** A row that cannot be used, counted from its part's beginning, and why. */
export interface Fault {
  row: number;
  why: string;
}

/** What is wrong with a row that holds this value, as a float32 of what is stored. */
export function nonFinite(value: number, element?: ElementType): string {
  if (Number.isNaN(value)) return "Row holds a NaN";
  return element === "f64"
    ? "Row holds an infinity, or a value that float32 cannot hold"
    : "Row holds an infinity";
}

/** What is wrong with a row of floats that are not all finite. */
export function whyNonFinite(
  data: Float32Array,
  row: number,
  width: number,
  element?: ElementType,
): string {
  const values = data.subarray(row * width, (row + 1) * width);
  return nonFinite(
    values.find((value) => !Number.isFinite(value)) ?? NaN,
    element,
  );
}
