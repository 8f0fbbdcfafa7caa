import type { ElementType } from "../read/columns.ts";

/** Types that hold fractions: those that new vectors can be stored as. */
export type FloatElement = Extract<ElementType, "f32" | "f64" | "f16" | "bf16">;

/** Whether numbers of a type hold fractions. */
export function isFloatElement(element: ElementType): element is FloatElement {
  return element === "bf16" || element.startsWith("f");
}

/** Numbers as a file stores them, little-endian, rounded to the nearest. */
export function elementBytes(
  element: FloatElement,
  values: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  switch (element) {
    case "f32":
      return new Uint8Array(Float32Array.from(values).buffer);
    case "f64":
      return new Uint8Array(Float64Array.from(values).buffer);
    case "f16":
      return new Uint8Array(Float16Array.from(values).buffer);
    case "bf16":
      return new Uint8Array(upperHalves(Float32Array.from(values)).buffer);
  }
}

// Ties go to the even one. What is not finite is cut off, a NaN kept one.
function upperHalves(values: Float32Array<ArrayBuffer>) {
  const bits = new Uint32Array(values.buffer);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const word = bits[i];
    halves[i] = Number.isFinite(values[i])
      ? (word + 0x7FFF + (word >>> 16 & 1)) >>> 16
      : word >>> 16 | (Number.isNaN(values[i]) ? 0x40 : 0);
  }
  return halves;
}
