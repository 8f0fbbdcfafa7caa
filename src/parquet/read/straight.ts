import type { SyncBytes } from "../../files/bytes.ts";
import { decompressesInto, decompressInto } from "./codecs.ts";
import type { Leaf } from "./columns.ts";
import { prove } from "./page_values.ts";
import type { Page } from "./pages.ts";
import { readStored, type Scratch, splitV1, splitV2 } from "./payload.ts";
import { slotBytes, type SlotType } from "./values.ts";

/** Bytes read from a file at a time: what is looked at right after it was read is still in the processor's cache. */
const STEP_BYTES = 2 ** 18;
/** More levels than this are not little beside their values. */
const MOST_LEVELS = 2 ** 16;

/** What pages are of, and what they are read from and with. */
export interface PageColumn {
  bytes: SyncBytes;
  scratch: Scratch;
  codec: string;
  dictionary?: Page | undefined;
  leaf: Leaf;
  type: SlotType;
  width: number;
}

/**
 * Where a page goes: its levels cover what is before its values until `uncover` puts that back, and gives the levels.
 */
interface PagePlace {
  place: Uint8Array;
  /** Bytes of levels that the place begins with. */
  levels: number;
  uncover(): Uint8Array;
}

/** Whether a page's values are in the file as they are in memory. */
export function isStored(page: Page, codec: string): boolean {
  return codec === "UNCOMPRESSED" ||
    (page.version === 2 && !page.valuesCompressed);
}

/**
 * Reads or decompresses a whole page so that its values come to lie in their place at once, with no other memory
 * between. What precedes them in the page, its levels, covers the end of the rows before for that moment.
 *
 * @param column what the page is of
 * @param page the page
 * @param out begins with rows that are there, and takes the page's values from float `at` on
 * @param at their place
 * @param check gets from where to where floats are there, as they come
 * @returns false where that cannot be done: the rows before are as they were, and the place is still to be filled
 * @throws {Irregular} where the page holds anything but full vectors
 */
export function decodeStraight(
  column: PageColumn,
  page: Page,
  out: Float32Array,
  at: number,
  check: (start: number, end: number) => void,
): boolean {
  const levels = levelsBefore(column, page);
  if (levels < 0 || levels > Math.min(4 * at, MOST_LEVELS)) return false;
  const place = new Uint8Array(
    out.buffer,
    out.byteOffset + 4 * at - levels,
    levels + page.slots * slotBytes(column.type),
  );
  const before = place.slice(0, levels);
  const uncover = () => {
    const bytes = place.slice(0, levels);
    place.set(before);
    return bytes;
  };
  const to = { place, levels, uncover };
  return isStored(page, column.codec)
    ? readStraight(column, page, to, (start, end) => {
      check(at + (start - levels) / 4, at + (end - levels) / 4);
    })
    : decompressStraight(column, page, to, () => {
      check(at, at + page.slots * column.type.perSlot);
    });
}

function readStraight(
  column: PageColumn,
  page: Page,
  { place, levels, uncover }: PagePlace,
  check: (start: number, end: number) => void,
): boolean {
  for (let at = levels; at < place.length; at += STEP_BYTES) {
    const start = at === levels ? 0 : at;
    const end = Math.min(at + STEP_BYTES, place.length);
    column.bytes.readSync(page.offset + start, place.subarray(start, end));
    if (at === levels && !proves(column, page, uncover())) return false;
    check(at, end);
  }
  return true;
}

function decompressStraight(
  column: PageColumn,
  page: Page,
  { place, uncover }: PagePlace,
  check: () => void,
): boolean {
  const stored = readStored(column.bytes, page, column.scratch);
  const apart = page.version === 2 ? levelsOf(page) : 0;
  decompressInto(column.codec, stored.subarray(apart), place);
  const levels = uncover();
  if (!proves(column, page, apart > 0 ? stored : levels)) return false;
  check();
  return true;
}

// Bytes that precede the values where they are put into their place, or −1 where that cannot be done.
function levelsBefore({ codec, type }: PageColumn, page: Page): number {
  const { compressed, uncompressed, encoding, nulls, crc } = page;
  const same = encoding === "PLAIN" && type.element === "f32" &&
    type.physical !== "BYTES" && nulls === 0;
  const stored = isStored(page, codec);
  const can = stored
    ? compressed === uncompressed && crc === undefined
    : decompressesInto(codec);
  const levels = uncompressed - page.slots * slotBytes(type);
  if (!same || !can) return -1;
  if (page.version === 1) return levels;
  return levels !== levelsOf(page) ? -1 : stored ? levels : 0;
}

function levelsOf(page: Page): number {
  return page.repetitionBytes + page.definitionBytes;
}

// Whether the levels are all that precedes the values; throws where they are not those of full vectors.
function proves(
  { leaf, width }: PageColumn,
  page: Page,
  bytes: Uint8Array,
): boolean {
  if (page.version === 2) {
    prove(page, leaf, width, splitV2(bytes, page, leaf));
    return true;
  }
  const { repetition, definition, end } = splitV1(bytes, leaf);
  if (end !== bytes.length) return false;
  prove(page, leaf, width, { repetition, definition });
  return true;
}
