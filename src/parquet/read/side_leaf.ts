import type { DecodedArray, SchemaTree } from "hyparquet";
import { assembleLists } from "hyparquet/src/assemble.js";
import { parseDecimal } from "hyparquet/src/convert.js";
import {
  type ByteSource,
  heldBytes,
  type SyncBytes,
} from "../../files/bytes.ts";
import { DbksvdError } from "../../errors.ts";
import type { StoredLeaf } from "./columns.ts";
import { type Chunk, type Page, walkPages } from "./pages.ts";
import { readDictionaryBytes, readPayload } from "./payload.ts";
import {
  decodeThroughHyparquet,
  dictionaryThroughHyparquet,
} from "./through_hyparquet.ts";

/** Bytes fetched at once at least: a page or its header by itself would be a request each. */
const WINDOW_BYTES = 2 ** 20;

/** Bytes that a slot takes in memory, at each level of lists and structures. */
const SLOT_BYTES = 16;

/** Most bytes of a decimal: more would be no number, only slow. */
const DECIMAL_BYTES = 64;

/** 1970-01-01 as a Julian day, and a day in nanoseconds. */
const EPOCH = 2440588n;
const DAY = 86_400_000_000_000n;

/** What the values of one reading may take; a page is counted before it is decoded. */
export class Allowance {
  #left: number;

  constructor(readonly bytes: number) {
    this.#left = bytes;
  }

  /** Takes a page's share, or refuses it. */
  spend(page: Page, leaf: StoredLeaf): void {
    const slots = page.slots * SLOT_BYTES * (1 + leaf.maxDefinition);
    this.#left -= page.uncompressed + slots;
    if (this.#left >= 0) return;
    throw new Error(`values at once take more than ${this.bytes} bytes`);
  }
}

/** A physical column of a row group to read rows of. */
export interface SideChunk {
  chunk: Chunk;
  leaf: StoredLeaf;
  /** Nodes of the schema from its root to the column. */
  path: SchemaTree[];
  /** Where the values are stored decimals: digits after the point; `exact`: they are given without it. */
  decimal?: { scale: number; exact: boolean } | undefined;
  /** Values are times of 96 bits, given in nanoseconds. */
  isInt96?: boolean;
  /** Rows of the group. */
  rows: number;
  /** Bytes that a page may take. */
  pageLimit: number;
}

interface Run {
  /** Row of the first value, counted from the group's beginning. */
  first: number;
  values: ArrayLike<unknown>;
}

/**
 * Reads a column other than the vectors from front to back, a page at a time. Every size is checked before it is
 * relied on.
 */
export class SideLeaf {
  readonly #source: Window;
  readonly #runs: AsyncGenerator<Run>;
  #ready: Run = { first: 0, values: [] };
  #wanted = 0;
  #allowance = new Allowance(0);

  constructor(source: ByteSource, readonly from: SideChunk) {
    this.#source = new Window(source, from.chunk.end);
    this.#runs = this.#read();
  }

  /** Values of rows of the group, none before those taken last. */
  async take(
    start: number,
    count: number,
    allowance: Allowance,
  ): Promise<unknown[]> {
    this.#wanted = start;
    this.#allowance = allowance;
    const taken: unknown[] = [];
    while (taken.length < count) {
      const { first, values } = this.#ready;
      const row = start + taken.length;
      if (row >= first + values.length) {
        const next = await this.#runs.next();
        if (next.done) throw new Error("Pages end before the rows do");
        this.#ready = next.value;
        continue;
      }
      const stop = Math.min(first + values.length, start + count);
      for (let at = row; at < stop; at++) {
        taken.push(values[at - first] ?? null);
      }
    }
    return taken;
  }

  async *#read(): AsyncGenerator<Run> {
    const { chunk, leaf, rows, pageLimit } = this.from;
    const lists = leaf.maxRepetition > 0 ? new Lists() : undefined;
    let dictionary: DecodedArray | undefined;
    let first = 0;
    for await (const page of walkPages(this.#source, chunk, pageLimit)) {
      // A row a slot: pages before the rows asked for need not be decoded.
      const skips = lists === undefined && page.version > 0 &&
        first + page.slots <= this.#wanted;
      if (skips || page.version > 0 && page.slots === 0) {
        first += page.slots;
        continue;
      }
      this.#allowance.spend(page, leaf);
      const bytes = await this.#source.read(page.offset, page.compressed);
      const held = heldBytes(page.offset, bytes);
      if (page.version === 0) {
        const plain = readDictionaryBytes(held, page, chunk.codec);
        dictionary = dictionaryThroughHyparquet(page, plain, leaf);
        continue;
      }
      const values = this.#decode(page, held, dictionary, lists?.open ?? []);
      const run = lists?.cut(values) ?? values;
      yield { first, values: run };
      first += run.length;
    }
    if (lists !== undefined) {
      yield { first, values: lists.open };
      first += lists.open.length;
    }
    if (first !== rows) {
      throw new Error(`Column holds ${first} of ${rows} rows`);
    }
  }

  // One value a row, or one list or structure of them.
  #decode(
    page: Page,
    bytes: SyncBytes,
    dictionary: DecodedArray | undefined,
    open: unknown[],
  ): DecodedArray {
    const { chunk: { codec }, leaf, path, decimal, isInt96 } = this.from;
    const payload = readPayload(bytes, page, leaf, codec);
    const decoded = decodeThroughHyparquet(page, payload, leaf, dictionary);
    const definition = decoded.definition as number[];
    const repetition = decoded.repetition as number[];
    const present = definition.length === 0
      ? page.slots
      : definition.filter((level) => level === leaf.maxDefinition).length;
    const values = isInt96
      ? Array.from(decoded.values as bigint[], (value) => this.#nanos(value))
      : decimal === undefined
      ? decoded.values
      : Array.from<unknown, number | bigint>(
        decoded.values as unknown[],
        decimal.exact ? wholeDecimal : decimals(decimal.scale),
      );
    if (values.length !== present || hasGaps(values)) {
      throw new Error("values are missing from their page");
    }
    if (repetition[0] > 0 && open.length === 0) {
      throw new Error("a list has no beginning");
    }
    return assembleLists(open, definition, repetition, values, path);
  }

  // A Julian day above nanoseconds of that day.
  #nanos(value: bigint): bigint {
    const days = BigInt.asIntN(32, value >> 64n) - EPOCH;
    const nanos = days * DAY + BigInt.asIntN(64, value);
    if (BigInt.asIntN(64, nanos) === nanos) return nanos;
    throw new DbksvdError(
      "data",
      "A time of INT96 is before 1678 or after 2261",
      {
        where: { file: this.#source.path, column: this.from.leaf.path[0] },
        mend: "write the column as TIMESTAMP in microseconds",
      },
    );
  }
}

// A list is known to end only where the next one begins.
class Lists {
  /** The last row, which may go on. */
  open: unknown[] = [];

  cut(rows: DecodedArray): unknown[] {
    const whole = rows as unknown[];
    this.open = whole.splice(-1);
    return whole;
  }
}

// Dictionary indices beyond the dictionary give nothing.
function hasGaps(values: DecodedArray): boolean {
  return Array.isArray(values) && values.includes(undefined);
}

function decimals(scale: number): (bytes: unknown) => number {
  return (bytes) => parseDecimal(decimalBytes(bytes)) * 10 ** -scale;
}

// An encoding that is damaged can make numbers of what the schema calls bytes.
function decimalBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array && bytes.length <= DECIMAL_BYTES) {
    return bytes;
  }
  throw new Error("a decimal is damaged");
}

// A decimal times the power of ten of its scale: as it is stored, whatever holds it.
function wholeDecimal(stored: unknown): bigint {
  if (typeof stored === "number" || typeof stored === "bigint") {
    return BigInt(stored);
  }
  const bytes = decimalBytes(stored);
  let value = 0n;
  for (const byte of bytes) value = value << 8n | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}

// Reads ahead, up to the end of a column chunk.
class Window implements ByteSource {
  readonly path: string;
  readonly size: number;
  #start = 0;
  #bytes = new Uint8Array(0);

  constructor(readonly source: ByteSource, readonly end: number) {
    this.path = source.path;
    this.size = source.size;
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#bytes.length) {
      return this.#bytes.slice(at, at + length);
    }
    const size = Math.min(Math.max(length, WINDOW_BYTES), this.end - offset);
    const bytes = await this.source.read(offset, size);
    if (size === length) return bytes;
    this.#start = offset;
    this.#bytes = bytes;
    return bytes.slice(0, length);
  }

  close(): void {}
}
