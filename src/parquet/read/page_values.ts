import type { Leaf } from "./columns.ts";
import { firstNonFinite } from "../../files/finite.ts";
import {
  allEqual,
  firstLevel,
  regularLists,
  requireRowBegin,
  type Runs,
} from "./levels.ts";
import type { Page } from "./pages.ts";
import type { Payload } from "./payload.ts";
import { decodeThroughHyparquet } from "./through_hyparquet.ts";
import { Irregular, joinStreams, slotBytes, type SlotType } from "./values.ts";

/** Makes sure by the levels that every value is there and every list full. */
export function prove(
  page: Page,
  leaf: Leaf,
  width: number,
  { repetition, definition }: {
    repetition?: Runs | undefined;
    definition?: Runs | undefined;
  },
) {
  const { slots } = page;
  if (
    definition !== undefined && !allEqual(definition, slots, leaf.maxDefinition)
  ) throw new Irregular("Values are missing");
  if (repetition === undefined) return;
  if (page.firstSlot === 0) requireRowBegin(firstLevel(repetition));
  const phase = page.firstSlot % width;
  if (!regularLists(repetition, slots, phase, width, leaf.maxRepetition)) {
    throw new Irregular("Lists are of other lengths");
  }
}

/** Values of whatever encoding but a dictionary's, in PLAIN's form. */
export function plainValues(
  page: Page,
  leaf: Leaf,
  type: SlotType,
  payload: Payload,
): Uint8Array {
  if (page.encoding === "PLAIN") return payload.values;
  if (page.encoding === "BYTE_STREAM_SPLIT" && type.physical !== "BYTES") {
    return joinStreams(payload.values, page.slots, slotBytes(type));
  }
  if (page.encoding.startsWith("DELTA_")) {
    const { values } = decodeThroughHyparquet(page, payload, leaf, undefined);
    return plainBytes(values, type);
  }
  throw new Error(`Unsupported encoding ${page.encoding}`);
}

function plainBytes(values: ArrayLike<unknown>, type: SlotType): Uint8Array {
  const size = slotBytes(type);
  if (type.perSlot === 1 && ArrayBuffer.isView(values)) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const prefix = type.physical === "BYTES" ? 4 : 0;
  const bytes = new Uint8Array(values.length * (size + prefix));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Uint8Array;
    if (value.length !== size) throw new Irregular("Blobs differ in size");
    const at = i * (size + prefix);
    if (prefix > 0) view.setUint32(at, size, true);
    bytes.set(value, at + prefix);
  }
  return bytes;
}

/** Adds the rows of a piece, which begins `offset` floats into them, that hold a NaN or an infinity: each once. */
export function listNonFinite(
  piece: Float32Array,
  offset: number,
  width: number,
  bad: number[],
) {
  for (let at = 0; at < piece.length;) {
    const found = firstNonFinite(piece.subarray(at));
    if (found < 0) return;
    const row = Math.floor((offset + at + found) / width);
    if (bad[bad.length - 1] !== row) bad.push(row);
    at = (row + 1) * width - offset;
  }
}
