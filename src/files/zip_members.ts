import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "./bytes.ts";
import { CENTRAL, END, LOCAL, readEntry } from "./zip.ts";

/** A member of a zip archive: where its bytes lie. */
export interface ZipMember {
  name: string;
  /** Whether its bytes are there as they are; else they are deflated. */
  stored: boolean;
  start: number;
  /** Bytes in the archive, and what they make. */
  packed: number;
  size: number;
  /** CRC-32 of what they make. */
  crc: number;
}

const STORED = 0;
const DEFLATED = 8;
const END_BYTES = 22;
/** The end record is followed by a comment of at most this length. */
const COMMENT_BYTES = 0xFFFF;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const WIDE_END = 0x06064b50;
const WIDE_END_BYTES = 56;
/** A directory larger than this is taken for damage. */
const MOST_DIRECTORY_BYTES = 2 ** 26;

/**
 * Lists the members of a zip archive by its directory; the members themselves are not read.
 *
 * @throws {DbksvdError} `data` where it is none, or is damaged
 */
export async function listMembers(source: ByteSource): Promise<ZipMember[]> {
  const refuse = (why: string, cause?: unknown) =>
    new DbksvdError("data", `Not a valid zip archive, ${why}`, {
      where: { file: source.path },
      mend: "write or download it again",
      cause,
    });
  try {
    const { start, length } = await directoryOf(source, refuse);
    if (length > MOST_DIRECTORY_BYTES || start + length > source.size) {
      throw refuse("its directory is damaged");
    }
    const bytes = await source.read(start, length);
    const view = new DataView(bytes.buffer);
    const members: ZipMember[] = [];
    for (let at = 0; at < length;) {
      if (view.getUint32(at, true) !== CENTRAL) {
        throw refuse("its directory is damaged");
      }
      const entry = readEntry(view, bytes, at);
      at = entry.next;
      const { name, method, packed, size, crc } = entry;
      if (![STORED, DEFLATED].includes(method)) {
        throw refuse(`member "${name}" is packed in an unknown way`);
      }
      const begin = await dataOf(source, entry.offset, refuse);
      const stored = method === STORED;
      if (begin + packed > source.size || (stored && packed !== size)) {
        throw refuse(`member "${name}" reaches past the end of the file`);
      }
      members.push({ name, stored, start: begin, packed, size, crc });
    }
    return members;
  } catch (error) {
    if (error instanceof DbksvdError) throw error;
    throw refuse("it is damaged", error);
  }
}

type Refusal = (why: string) => DbksvdError;

async function directoryOf(source: ByteSource, refuse: Refusal) {
  const length = Math.min(source.size, END_BYTES + COMMENT_BYTES);
  const first = source.size - length;
  const bytes = await source.read(first, length);
  const view = new DataView(bytes.buffer);
  for (let at = length - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue;
    const wide = await wideDirectory(source, first + at);
    return wide ?? {
      start: view.getUint32(at + 16, true),
      length: view.getUint32(at + 12, true),
    };
  }
  throw refuse("it has no directory");
}

// Archives of 4 GB or more have an end record of their own before the end record.
async function wideDirectory(source: ByteSource, end: number) {
  if (end < LOCATOR_BYTES) return undefined;
  const locator = await viewOf(source, end - LOCATOR_BYTES, LOCATOR_BYTES);
  if (locator.getUint32(0, true) !== LOCATOR) return undefined;
  const at = Number(locator.getBigUint64(8, true));
  const record = await viewOf(source, at, WIDE_END_BYTES);
  if (record.getUint32(0, true) !== WIDE_END) return undefined;
  return {
    start: Number(record.getBigUint64(48, true)),
    length: Number(record.getBigUint64(40, true)),
  };
}

// The header before a member's bytes, whose lengths may differ from the directory's.
async function dataOf(source: ByteSource, offset: number, refuse: Refusal) {
  const header = await viewOf(source, offset, 30);
  if (header.getUint32(0, true) !== LOCAL) {
    throw refuse("a member is not where the directory says");
  }
  return offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
}

async function viewOf(source: ByteSource, at: number, length: number) {
  if (at + length > source.size) throw new RangeError("Beyond the end");
  return new DataView((await source.read(at, length)).buffer);
}
