import type { SyncBytes } from "../../files/bytes.ts";
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
import { decodeStraight, isStored, type PageColumn } from "./straight.ts";
import { decodeIndexed, decodePlain, Irregular, slotBytes } from "./values.ts";

/**
 * Rows to decode from pages that are expected to hold full vectors only. Everything in it can be posted to a worker.
 */
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
  dictionary?: Page | undefined;
  pages: Page[];
}

interface OpenPage {
  /** Values in PLAIN's form or dictionary indices, or where PLAIN values begin in the file. */
  values: Uint8Array | { offset: number; length: number };
  indexed: boolean;
}

/** Levels of an uncompressed page are looked for in this much of it first. */
const HEAD_BYTES = 4096;
/**
 * Floats put in their place at a time: what is looked at right after it was written is still in the processor's
 * cache.
 */
const STEP_FLOATS = 65536;
/** What decoded dictionaries may take. */
const DICTIONARY_BYTES = 8 * 2 ** 20;

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
    this.#pages = new Kept(cacheBytes, ({ values }) => {
      if (!(values instanceof Uint8Array)) return;
      this.#scratch.give(values.buffer as ArrayBuffer);
    });
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
    const { width } = spec;
    const slotsPerRow = leaf.maxRepetition > 0 ? width : 1;
    const perSlot = leaf.layout === "blob" ? width : 1;
    const { physical, element } = leaf;
    const type = { physical, element, perSlot };
    const { bytes } = this;
    const from = { ...column, type, width, bytes, scratch: this.#scratch };
    const rowFloats = leaf.layout === "scalar" ? 1 : width;
    const bad: number[] = [];
    const check = (start: number, end: number) =>
      listNonFinite(out.subarray(start, end), start, rowFloats, bad);
    const first = spec.startRow * slotsPerRow;
    const last = spec.endRow * slotsPerRow;
    let done = first;
    for (const page of column.pages) {
      const start = Math.max(first, page.firstSlot);
      const end = Math.min(last, page.firstSlot + page.slots);
      if (start >= end) continue;
      if (start !== done) throw new Error("Pages leave values out");
      done = end;
      const at = (start - first) * perSlot;
      this.#put(from, page, { start, end }, out, at, check);
    }
    if (done !== last) throw new Error("Pages end before the rows do");
    return bad;
  }

  // Puts the values of some of a page's slots, counted over the row group, into their place.
  #put(
    column: PageColumn,
    page: Page,
    { start, end }: { start: number; end: number },
    out: Float32Array,
    at: number,
    check: (start: number, end: number) => void,
  ) {
    const whole = end - start === page.slots;
    if (whole && decodeStraight(column, page, out, at, check)) return;
    const { perSlot, physical } = column.type;
    const open = this.#open(column, page);
    // Others have to be decoded from their page's beginning on.
    const anywhere = !open.indexed && physical !== "BYTES";
    const step = anywhere
      ? Math.max(1, Math.floor(STEP_FLOATS / perSlot))
      : end - start;
    for (let slot = start; slot < end; slot += step) {
      const count = Math.min(step, end - slot);
      const from = at + (slot - start) * perSlot;
      const to = from + count * perSlot;
      const piece = out.subarray(from, to);
      this.#fill(column, open, page, slot - page.firstSlot, piece);
      check(from, to);
    }
  }

  // Decodes slots of a page, from its `first` one on.
  #fill(
    column: PageColumn,
    open: OpenPage,
    page: Page,
    first: number,
    out: Float32Array,
  ) {
    const { type, type: { perSlot } } = column;
    const count = out.length / perSlot;
    if (!(open.values instanceof Uint8Array)) {
      this.#readDirectly(open.values, first * slotBytes(type), out);
    } else if (open.indexed) {
      const dictionary = this.#dictionary(column);
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

  #open(column: PageColumn, page: Page): OpenPage {
    return this.#pages.of(page.offset, page.uncompressed, () => {
      if (page.nulls > 0) throw new Irregular("Page holds nulls");
      const { leaf, codec, type, width } = column;
      const direct = isStored(page, codec) && page.encoding === "PLAIN" &&
        type.element === "f32" && type.physical !== "BYTES" &&
        page.crc === undefined;
      if (direct) return this.#openDirect(width, leaf, page);
      const scratch = this.#scratch;
      const payload = readPayload(this.bytes, page, leaf, codec, scratch);
      prove(page, leaf, width, payload);
      const indexed = page.encoding.endsWith("_DICTIONARY");
      if (indexed) return { values: payload.values, indexed };
      const values = plainValues(page, leaf, type, payload);
      const { buffer } = payload.values;
      if (buffer !== values.buffer) scratch.give(buffer as ArrayBuffer);
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
  ): {
    head: { repetition?: Runs | undefined; definition?: Runs | undefined };
    end: number;
  } {
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

  #dictionary(column: PageColumn): Float32Array {
    const { type, dictionary: page } = column;
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
