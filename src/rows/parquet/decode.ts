import { crc32 } from "node:zlib";
import type { SyncBytes } from "../bytes.ts";
import type { Leaf } from "./columns.ts";
import { allEqual, regularLists, type Runs } from "./levels.ts";
import type { Page } from "./pages.ts";
import {
  checkCrc,
  type Payload,
  readDictionaryBytes,
  readPayload,
  Scratch,
  splitV1,
  splitV2,
} from "./payload.ts";
import { decodeThroughHyparquet } from "./through_hyparquet.ts";
import {
  decodeIndexed,
  decodePlain,
  firstNonFinite,
  Irregular,
  joinStreams,
  slotBytes,
  type SlotType,
} from "./values.ts";

/** Rows to decode from pages that are expected to hold full vectors only. Everything in it can be posted to a worker. */
export interface DecodeSpec {
  /** One column of vectors, or one for each dimension. */
  columns: DecodeColumn[];
  width: number;
  /** Rows wanted, counted from the beginning of the row group. */
  startRow: number;
  endRow: number;
}

/** A column's pages that overlap the rows wanted. */
export interface DecodeColumn {
  leaf: Leaf;
  codec: string;
  dictionary?: Page;
  pages: Page[];
}

interface OpenPage {
  /** Values in PLAIN's form or dictionary indices, or where PLAIN values begin in the file. */
  values: Uint8Array | { offset: number; length: number };
  indexed: boolean;
}

const HEAD_BYTES = 4096;

/** Decodes rows of full vectors straight into floats; keeps the pages used last. */
export class PageDecoder {
  #cache = new Map<number, { bytes: number; value: unknown }>();
  #cached = 0;
  readonly #scratch = new Scratch();

  /**
   * @param bytes the file
   * @param cacheBytes what kept pages may take; the last one is always kept
   */
  constructor(readonly bytes: SyncBytes, readonly cacheBytes: number) {}

  /**
   * Decodes rows.
   *
   * @param spec which rows, from which pages
   * @param out takes rows × width floats
   * @returns rows, counted from `startRow`, that hold a NaN or an infinity
   * @throws {Irregular} where the pages hold anything but full vectors
   */
  decode(spec: DecodeSpec, out: Float32Array): number[] {
    if (spec.columns.length === 1) {
      return this.#decodeColumn(spec, spec.columns[0], out);
    }
    const rows = spec.endRow - spec.startRow;
    const one = new Float32Array(rows);
    const bad = new Set<number>();
    spec.columns.forEach((column, c) => {
      for (const row of this.#decodeColumn(spec, column, one)) bad.add(row);
      for (let i = 0, at = c; i < rows; i++, at += spec.width) out[at] = one[i];
    });
    return [...bad].sort((a, b) => a - b);
  }

  #decodeColumn(
    spec: DecodeSpec,
    column: DecodeColumn,
    out: Float32Array,
  ): number[] {
    const { leaf } = column;
    const listed = leaf.maxRepetition > 0;
    const single = leaf.layout === "scalar";
    const slotsPerRow = listed ? spec.width : 1;
    const perSlot = leaf.layout === "blob" ? spec.width : 1;
    const from = spec.startRow * slotsPerRow;
    const to = spec.endRow * slotsPerRow;
    const bad: number[] = [];
    let done = from;
    for (const page of column.pages) {
      const start = Math.max(from, page.firstSlot);
      const end = Math.min(to, page.firstSlot + page.slots);
      if (start >= end) continue;
      if (start !== done) throw new Error("Pages leave values out");
      done = end;
      const piece = out.subarray(
        (start - from) * perSlot,
        (end - from) * perSlot,
      );
      this.#fill(spec, column, page, start, end, piece, perSlot);
      listNonFinite(
        piece,
        (start - from) * perSlot,
        single ? 1 : spec.width,
        bad,
      );
    }
    if (done !== to) throw new Error("Pages end before the rows do");
    return bad;
  }

  #fill(
    spec: DecodeSpec,
    column: DecodeColumn,
    page: Page,
    start: number,
    end: number,
    out: Float32Array,
    perSlot: number,
  ) {
    const { leaf } = column;
    const type: SlotType = {
      physical: leaf.physical,
      element: leaf.element,
      perSlot,
    };
    const first = start - page.firstSlot;
    const count = end - start;
    const open = this.#open(spec, column, page, type, count === page.slots);
    if (!(open.values instanceof Uint8Array)) {
      this.#readDirectly(page, open.values, first * slotBytes(type), out);
    } else if (open.indexed) {
      const dictionary = this.#dictionary(column, type);
      const { slots } = page;
      decodeIndexed(open.values, slots, dictionary, perSlot, first, count, out);
    } else {
      decodePlain(type, open.values, first, count, out);
    }
  }

  // Values that need no decoding go from the file into their place.
  #readDirectly(
    page: Page,
    values: { offset: number; length: number },
    skip: number,
    out: Float32Array,
  ) {
    const into = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    if (skip + into.length > values.length) {
      throw new Error("Values end before their page does");
    }
    this.bytes.readSync(values.offset + skip, into);
    if (page.crc !== undefined) checkCrc(page, crc32(into));
  }

  #open(
    spec: DecodeSpec,
    column: DecodeColumn,
    page: Page,
    type: SlotType,
    wholePage: boolean,
  ): OpenPage {
    return this.#remember(page.offset, () => {
      if (page.nulls > 0) throw new Irregular("Page holds nulls");
      const { leaf, codec } = column;
      const raw = codec === "UNCOMPRESSED" ||
        (page.version === 2 && !page.valuesCompressed);
      const direct = raw && page.encoding === "PLAIN" &&
        type.element === "f32" && type.physical !== "BYTES" &&
        (page.crc === undefined ||
          (wholePage && exactlyFilled(page, leaf, type)));
      if (direct) return this.#openDirect(spec, leaf, page);
      const payload = readPayload(this.bytes, page, leaf, codec, this.#scratch);
      prove(page, leaf, spec.width, payload);
      const indexed = page.encoding.endsWith("_DICTIONARY");
      const values = indexed
        ? payload.values
        : plainValues(page, leaf, type, payload);
      return { values, indexed };
    });
  }

  #openDirect(spec: DecodeSpec, leaf: Leaf, page: Page): OpenPage {
    const { head, end } = this.#readHead(page, leaf);
    if (end > page.compressed) {
      throw new Error("Levels are longer than their page");
    }
    prove(page, leaf, spec.width, head);
    const length = page.compressed - end;
    const values = { offset: page.offset + end, length };
    return { values, indexed: false };
  }

  // The levels of an uncompressed page: a first read that is nearly always long enough, and a second one.
  #readHead(
    page: Page,
    leaf: Leaf,
  ): { head: { repetition?: Runs; definition?: Runs }; end: number } {
    const levels = page.repetitionBytes + page.definitionBytes;
    const none = leaf.maxDefinition === 0 && leaf.maxRepetition === 0;
    for (let size = page.version === 2 ? levels : none ? 0 : HEAD_BYTES;;) {
      const bytes = new Uint8Array(Math.min(size, page.compressed));
      this.bytes.readSync(page.offset, bytes);
      if (page.version === 2) {
        return { head: splitV2(bytes, page, leaf), end: levels };
      }
      const { repetition, definition, end } = splitV1(bytes, leaf);
      if (end <= bytes.length || bytes.length === page.compressed) {
        return { head: { repetition, definition }, end };
      }
      size = end;
    }
  }

  #dictionary(column: DecodeColumn, type: SlotType): Float32Array {
    const page = column.dictionary;
    if (page === undefined) throw new Error("Dictionary page is missing");
    return this.#remember(page.offset, () => {
      const bytes = readDictionaryBytes(this.bytes, page, column.codec);
      const out = new Float32Array(page.slots * type.perSlot);
      decodePlain(type, bytes, 0, page.slots, out);
      return out;
    });
  }

  // Batches end inside pages, so the page read last is asked for again; scalar columns come back to many.
  #remember<T extends OpenPage | Float32Array>(key: number, make: () => T): T {
    const held = this.#cache.get(key);
    if (held !== undefined) return held.value as T;
    const value = make();
    const size = value instanceof Float32Array
      ? value.byteLength
      : value.values instanceof Uint8Array
      ? value.values.buffer.byteLength
      : 64;
    for (const [old, { bytes }] of this.#cache) {
      if (this.#cached + size <= this.cacheBytes) break;
      this.#cache.delete(old);
      this.#cached -= bytes;
    }
    this.#cache.set(key, { bytes: size, value });
    this.#cached += size;
    return value;
  }
}

// Without its levels, the page is as long as its values: a checksum over what is read covers it all.
function exactlyFilled(page: Page, leaf: Leaf, type: SlotType): boolean {
  const levels = leaf.maxRepetition > 0 || leaf.maxDefinition > 0;
  return !levels && page.compressed === page.slots * slotBytes(type);
}

// Levels say that every value is there and every list full.
function prove(
  page: Page,
  leaf: Leaf,
  width: number,
  { repetition, definition }: { repetition?: Runs; definition?: Runs },
) {
  const { slots } = page;
  if (
    definition !== undefined && !allEqual(definition, slots, leaf.maxDefinition)
  ) throw new Irregular("Values are missing");
  if (repetition === undefined) return;
  const phase = page.firstSlot % width;
  if (!regularLists(repetition, slots, phase, width, leaf.maxRepetition)) {
    throw new Irregular("Lists are of other lengths");
  }
}

// Values of whatever encoding but a dictionary's, in PLAIN's form.
function plainValues(
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

// Adds the rows of a piece that hold a NaN or an infinity, each once.
function listNonFinite(
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
