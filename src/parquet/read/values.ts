import type { ElementType, Leaf } from "./columns.ts";
import { ELEMENT_BYTES } from "./columns.ts";
import { decodeRuns } from "./levels.ts";

/** What the values of a leaf's slots are: one number each, or for blobs `perSlot` of them. */
export interface SlotType {
  physical: Leaf["physical"];
  element: ElementType;
  /** Numbers in a slot: the row's width for blobs, else 1. */
  perSlot: number;
}

/** Bytes of a slot in PLAIN encoding, without the length that precedes a BYTES value. */
export function slotBytes({ element, perSlot }: SlotType): number {
  return ELEMENT_BYTES[element] * perSlot;
}

/**
 * Decodes PLAIN values of some slots into floats.
 *
 * @param type what the slots hold
 * @param bytes the values' bytes, from the page's first value on
 * @param first first slot wanted
 * @param count slots wanted
 * @param out takes count × perSlot floats
 */
export function decodePlain(
  type: SlotType,
  bytes: Uint8Array,
  first: number,
  count: number,
  out: Float32Array,
): void {
  const size = slotBytes(type);
  if (type.physical === "BYTES") {
    decodePrefixed(type, bytes, first, count, out);
    return;
  }
  const start = first * size;
  if (start + count * size > bytes.length) {
    throw new Error("Values end before their page does");
  }
  toFloats(type.element, bytes.subarray(start, start + count * size), out);
}

// BYTE_ARRAY: every value after its length.
function decodePrefixed(
  type: SlotType,
  bytes: Uint8Array,
  first: number,
  count: number,
  out: Float32Array,
) {
  const size = slotBytes(type);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let slot = 0; slot < first + count; slot++) {
    if (at + 4 > bytes.length) throw new Error("Values end early");
    const length = view.getUint32(at, true);
    at += 4;
    if (length > bytes.length - at) throw new Error("Value is cut off");
    if (slot >= first) {
      if (length !== size) throw new Irregular(`Value of ${length} bytes`);
      toFloats(
        type.element,
        bytes.subarray(at, at + size),
        out.subarray((slot - first) * type.perSlot),
      );
    }
    at += length;
  }
}

/** The pages hold something else than full vectors: nulls, lists of other lengths. They are decoded row by row. */
export class Irregular extends Error {}

/** Reads numbers from little-endian bytes as floats; doubles and integers are rounded to the nearest. */
export function toFloats(
  element: ElementType,
  bytes: Uint8Array,
  out: Float32Array,
): void {
  const count = bytes.length / ELEMENT_BYTES[element];
  if (element === "f32") {
    new Uint8Array(out.buffer, out.byteOffset, bytes.length).set(bytes);
    return;
  }
  // Typed arrays want aligned bytes; what a page begins with seldom lets its values be.
  const aligned = bytes.byteOffset % ELEMENT_BYTES[element] === 0
    ? bytes
    : new Uint8Array(bytes);
  const at = [
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    count,
  ] as const;
  if (element === "f16") {
    const halves = new Uint16Array(...at);
    const table = halfTable();
    for (let i = 0; i < count; i++) out[i] = table[halves[i]];
  } else if (element === "bf16") {
    const halves = new Uint16Array(...at);
    const bits = new Uint32Array(out.buffer, out.byteOffset, count);
    for (let i = 0; i < count; i++) bits[i] = halves[i] << 16;
  } else if (element === "i64" || element === "u64") {
    const words = new Uint32Array(at[0], at[1], 2 * count);
    const signed = element === "i64";
    for (let i = 0; i < count; i++) {
      const high = signed ? words[2 * i + 1] | 0 : words[2 * i + 1];
      out[i] = high * 0x100000000 + words[2 * i];
    }
  } else {
    out.set(new ARRAYS[element](...at));
  }
}

const ARRAYS = {
  f64: Float64Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
};

let halves: Float32Array | undefined;

// Every half-precision number as a float, built once.
function halfTable(): Float32Array {
  if (halves === undefined) {
    const every = Uint16Array.from({ length: 65536 }, (_, i) => i);
    halves = Float32Array.from(new Float16Array(every.buffer));
  }
  return halves;
}

/** Undoes BYTE_STREAM_SPLIT: the k-th bytes of all values lie together. */
export function joinStreams(
  bytes: Uint8Array,
  count: number,
  size: number,
): Uint8Array {
  if (count * size > bytes.length) {
    throw new Error("Values end before their page does");
  }
  const joined = new Uint8Array(count * size);
  if (size === 4) {
    const words = new Uint32Array(joined.buffer);
    const one = bytes.subarray(count), two = bytes.subarray(2 * count);
    const three = bytes.subarray(3 * count);
    for (let i = 0; i < count; i++) {
      words[i] = bytes[i] | one[i] << 8 | two[i] << 16 | three[i] << 24;
    }
    return joined;
  }
  for (let b = 0; b < size; b++) {
    const stream = bytes.subarray(b * count, (b + 1) * count);
    for (let i = 0, at = b; i < count; i++, at += size) joined[at] = stream[i];
  }
  return joined;
}

/** Decodes dictionary-encoded values of some slots; see {@linkcode decodePlain}. */
export function decodeIndexed(
  bytes: Uint8Array,
  slots: number,
  dictionary: Float32Array,
  perSlot: number,
  first: number,
  count: number,
  out: Float32Array,
): void {
  const indices = new Uint32Array(slots);
  if (slots > 0) {
    if (bytes.length === 0) throw new Error("Dictionary indices are missing");
    decodeRuns(
      { bytes, start: 1, end: bytes.length, bitWidth: bytes[0] },
      indices,
    );
  }
  const entries = dictionary.length / perSlot;
  for (let i = 0; i < count; i++) {
    const index = indices[first + i];
    if (index >= entries) {
      throw new Error(`Dictionary of ${entries} values has no ${index}`);
    }
    if (perSlot === 1) out[i] = dictionary[index];
    else {
      out.set(
        dictionary.subarray(index * perSlot, (index + 1) * perSlot),
        i * perSlot,
      );
    }
  }
}
