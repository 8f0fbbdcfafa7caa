import { crc32 } from "node:zlib";
import { release } from "../../files/release.ts";
import type { SyncBytes } from "../../files/bytes.ts";
import { decompress } from "./codecs.ts";
import type { StoredLeaf } from "./columns.ts";
import { bitsFor, type Runs } from "./levels.ts";
import type { Page } from "./pages.ts";

/** Smaller buffers may be parts of one that others use. */
const FREED_BYTES = 2 ** 16;

/** A page's levels and values, decompressed. */
export interface Payload {
  repetition?: Runs | undefined;
  definition?: Runs | undefined;
  values: Uint8Array;
}

/**
 * Memory that pages are read into and decompressed into, one after the other: fresh memory costs more than either
 * does.
 */
export class Scratch {
  #stored = new Uint8Array(0);
  #spare: ArrayBuffer | undefined;
  readonly #lent = new WeakSet<ArrayBuffer>();

  /** Bytes for a stored page. Those taken before are void. */
  stored(size: number): Uint8Array {
    // A byte more: decoders want to see that they leave it alone.
    if (this.#stored.length <= size) this.#stored = new Uint8Array(size + 1);
    return this.#stored.subarray(0, size);
  }

  /** Bytes for a decompressed page, which are the caller's until they are given back. What is in them is arbitrary. */
  take(size: number): Uint8Array {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined && spare.byteLength >= size) {
      return new Uint8Array(spare, 0, size);
    }
    if (spare !== undefined) release(spare);
    const bytes = new Uint8Array(size);
    this.#lent.add(bytes.buffer);
    return bytes;
  }

  /**
   * Takes a decompressed page's memory back; what did not come from here is let go of, unless others may use it too.
   */
  give(buffer: ArrayBuffer): void {
    if (!this.#lent.has(buffer)) {
      if (buffer.byteLength >= FREED_BYTES) release(buffer);
      return;
    }
    if (this.#spare !== undefined) release(this.#spare);
    this.#spare = buffer;
  }
}

/** Reads and decompresses a whole data page, checking its checksum where it has one. */
export function readPayload(
  bytes: SyncBytes,
  page: Page,
  leaf: StoredLeaf,
  codec: string,
  scratch?: Scratch,
): Payload {
  const kept = codec === "UNCOMPRESSED" || !page.valuesCompressed;
  const stored = readStored(bytes, page, kept ? undefined : scratch);
  const room = scratch && ((size: number) => scratch.take(size));
  if (page.version === 2) {
    const levels = page.repetitionBytes + page.definitionBytes;
    const values = page.valuesCompressed
      ? decompress(
        codec,
        stored.subarray(levels),
        page.uncompressed - levels,
        room,
      )
      : stored.subarray(levels);
    return { ...splitV2(stored, page, leaf), values };
  }
  const whole = decompress(codec, stored, page.uncompressed, room);
  const { repetition, definition, end } = splitV1(whole, leaf);
  if (end > whole.length) throw new Error("Levels are longer than their page");
  return { repetition, definition, values: whole.subarray(end) };
}

/** Reads and decompresses a dictionary page. */
export function readDictionaryBytes(
  bytes: SyncBytes,
  page: Page,
  codec: string,
): Uint8Array {
  return decompress(codec, readStored(bytes, page), page.uncompressed);
}

/** Reads a page's bytes as they are stored, checking its checksum where it has one. */
export function readStored(
  bytes: SyncBytes,
  page: Page,
  scratch?: Scratch,
): Uint8Array {
  const size = page.compressed;
  const stored = scratch?.stored(size) ?? new Uint8Array(size);
  bytes.readSync(page.offset, stored);
  if (page.crc !== undefined) checkCrc(page, crc32(stored));
  return stored;
}

function checkCrc(page: Page, crc: number): void {
  if (page.crc !== undefined && (crc | 0) !== (page.crc | 0)) {
    throw new Error("Page is corrupt, its checksum does not match");
  }
}

/** Finds the levels at the beginning of a version 1 page; `end` may lie beyond the bytes given. */
export function splitV1(
  bytes: Uint8Array,
  leaf: StoredLeaf,
): {
  repetition?: Runs | undefined;
  definition?: Runs | undefined;
  end: number;
} {
  let end = 0;
  const take = (max: number): Runs | undefined => {
    if (max === 0) return undefined;
    if (end + 4 > bytes.length) {
      end += 4;
      return undefined;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + end, 4);
    const start = end + 4;
    end = start + view.getUint32(0, true);
    return { bytes, start, end, bitWidth: bitsFor(max) };
  };
  const repetition = take(leaf.maxRepetition);
  const definition = take(leaf.maxDefinition);
  return { repetition, definition, end };
}

/** The levels at the beginning of a version 2 page. */
export function splitV2(
  bytes: Uint8Array,
  page: Page,
  leaf: StoredLeaf,
): { repetition?: Runs | undefined; definition?: Runs | undefined } {
  const middle = page.repetitionBytes;
  const end = middle + page.definitionBytes;
  const runs = (start: number, end: number, max: number): Runs | undefined =>
    max === 0 ? undefined : { bytes, start, end, bitWidth: bitsFor(max) };
  return {
    repetition: runs(0, middle, leaf.maxRepetition),
    definition: runs(middle, end, leaf.maxDefinition),
  };
}
