import { release } from "../buffers.ts";
import type { SyncBytes } from "../bytes.ts";
import type { Leaf } from "./columns.ts";
import { Kept } from "./kept.ts";
import type { Runs } from "./levels.ts";
import { listNonFinite, plainValues, prove } from "./page_values.ts";
import type { Page } from "./pages.ts";
import {
  readDictionaryBytes,
  readPayload,
  Scratch,
  splitV1,
  splitV2,
} from "./payload.ts";
import {
  decodeIndexed,
  decodePlain,
  Irregular,
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

/** Levels of an uncompressed page are looked for in this much of it first. */
const HEAD_BYTES = 4096;
/** Floats read from the file at a time. */
const STEP_FLOATS = 65536;
/** What decoded dictionaries may take. */
const DICTIONARY_BYTES = 8 * 2 ** 20;
/** Pages' buffers from this size on are given back as soon as they are no longer kept. */
const FREED_BYTES = 2 ** 16;

/** Decodes rows of full vectors straight into floats; keeps the pages used last. */
export class PageDecoder {
  // Batches end inside pages, so the page read last is asked for again; scalar columns come back to many.
  readonly #pages: Kept<OpenPage>;
  readonly #dictionaries = new Kept<Float32Array>(DICTIONARY_BYTES);
  readonly #scratch = new Scratch();

  /**
   * @param bytes the file
   * @param cacheBytes what kept pages may take; the last one is always kept
   */
  constructor(readonly bytes: SyncBytes, cacheBytes: number) {
    this.#pages = new Kept(cacheBytes, dropPage);
  }

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
    const scalar = leaf.layout === "scalar";
    const slotsPerRow = leaf.maxRepetition > 0 ? spec.width : 1;
    const type: SlotType = {
      physical: leaf.physical,
      element: leaf.element,
      perSlot: leaf.layout === "blob" ? spec.width : 1,
    };
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
      const offset = (start - from) * type.perSlot;
      const piece = out.subarray(offset, (end - from) * type.perSlot);
      const open = this.#open(spec.width, column, page, type);
      const { perSlot } = type;
      // What is checked right after it was written is still in the processor's cache.
      const step = open.values instanceof Uint8Array
        ? piece.length
        : Math.max(1, Math.floor(STEP_FLOATS / perSlot)) * perSlot;
      for (let at = 0; at < piece.length; at += step) {
        const out = piece.subarray(at, at + step);
        const first = start - page.firstSlot + at / perSlot;
        this.#fill(open, column, page, type, first, out);
        listNonFinite(out, offset + at, scalar ? 1 : spec.width, bad);
      }
    }
    if (done !== to) throw new Error("Pages end before the rows do");
    return bad;
  }

  // Decodes slots of a page, from its `first` one on.
  #fill(
    open: OpenPage,
    column: DecodeColumn,
    page: Page,
    type: SlotType,
    first: number,
    out: Float32Array,
  ) {
    const { perSlot } = type;
    const count = out.length / perSlot;
    if (!(open.values instanceof Uint8Array)) {
      this.#readDirectly(open.values, first * slotBytes(type), out);
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
    values: { offset: number; length: number },
    skip: number,
    out: Float32Array,
  ) {
    const into = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    if (skip + into.length > values.length) {
      throw new Error("Values end before their page does");
    }
    this.bytes.readSync(values.offset + skip, into);
  }

  #open(
    width: number,
    column: DecodeColumn,
    page: Page,
    type: SlotType,
  ): OpenPage {
    return this.#pages.of(page.offset, page.uncompressed, () => {
      if (page.nulls > 0) throw new Irregular("Page holds nulls");
      const { leaf, codec } = column;
      const raw = codec === "UNCOMPRESSED" ||
        (page.version === 2 && !page.valuesCompressed);
      const direct = raw && page.encoding === "PLAIN" &&
        type.element === "f32" && type.physical !== "BYTES" &&
        page.crc === undefined;
      if (direct) return this.#openDirect(width, leaf, page);
      const payload = readPayload(this.bytes, page, leaf, codec, this.#scratch);
      prove(page, leaf, width, payload);
      const indexed = page.encoding.endsWith("_DICTIONARY");
      const values = indexed
        ? payload.values
        : plainValues(page, leaf, type, payload);
      return { values, indexed };
    });
  }

  #openDirect(width: number, leaf: Leaf, page: Page): OpenPage {
    const { head, end } = this.#readHead(page, leaf);
    if (end > page.compressed || page.compressed !== page.uncompressed) {
      throw new Error("Page is of another size than its header says");
    }
    prove(page, leaf, width, head);
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
    const floats = page.slots * type.perSlot;
    return this.#dictionaries.of(page.offset, floats * 4, () => {
      const bytes = readDictionaryBytes(this.bytes, page, column.codec);
      if (page.slots * slotBytes(type) > bytes.length) {
        throw new Error("Dictionary ends before its values do");
      }
      const out = new Float32Array(floats);
      decodePlain(type, bytes, 0, page.slots, out);
      return out;
    });
  }
}

// Small buffers may be parts of one that others use.
function dropPage({ values }: OpenPage) {
  if (!(values instanceof Uint8Array)) return;
  const buffer = values.buffer as ArrayBuffer;
  if (buffer.byteLength >= FREED_BYTES) release(buffer);
}
