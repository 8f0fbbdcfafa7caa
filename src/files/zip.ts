import { crc32, inflateRawSync } from "node:zlib";
import { DbksvdError } from "../errors.ts";

/** What a member's header, the directory's entry of it and the end of the directory begin with. */
export const LOCAL = 0x04034b50;
/** See {@linkcode LOCAL}. */
export const CENTRAL = 0x02014b50;
/** See {@linkcode LOCAL}. */
export const END = 0x06054b50;
const STORED = 0;
const DEFLATED = 8;

/** Deflate cannot expand more than this. */
const MAX_RATIO = 1032;

/**
 * Reads the members of a zip archive (stored or deflated). No size that the archive claims is trusted: each has to fit
 * the bytes that are there.
 *
 * @param bytes the archive
 * @param file its name, for errors
 * @throws {DbksvdError} `data`
 */
export function readZip(
  bytes: Uint8Array<ArrayBuffer>,
  file?: string,
): Map<string, Uint8Array<ArrayBuffer>> {
  const refuse = (why: string, cause?: unknown) =>
    new DbksvdError("data", `Not a valid zip archive, ${why}`, {
      where: { file },
      mend: "write or download it again",
      cause,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const members = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    const end = findEnd(view);
    if (end === undefined) throw refuse("it has no directory");
    let at = view.getUint32(end + 16, true);
    let room = bytes.length;
    for (let i = view.getUint16(end + 10, true); i > 0; i--) {
      if (view.getUint32(at, true) !== CENTRAL) {
        throw refuse("its directory is damaged");
      }
      const entry = readEntry(view, bytes, at);
      room -= entry.packed;
      if (room < 0) throw refuse("its members share their bytes");
      members.set(entry.name, extract(view, bytes, entry, refuse));
      at = entry.next;
    }
  } catch (error) {
    if (error instanceof DbksvdError) throw error;
    throw refuse("it is damaged", error);
  }
  return members;
}

/** A member as the directory has it. */
export interface Entry {
  name: string;
  method: number;
  packed: number;
  size: number;
  crc: number;
  offset: number;
  next: number;
}

// The end record is followed by a comment of at most 65 535 bytes.
function findEnd(view: DataView): number | undefined {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 0xFFFF); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
}

/** Reads the directory's entry at a place of it. */
export function readEntry(
  view: DataView,
  bytes: Uint8Array,
  at: number,
): Entry {
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const extra = at + 46 + nameLength;
  const entry = {
    name: new TextDecoder().decode(bytes.subarray(at + 46, extra)),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
    next: extra + extraLength + view.getUint16(at + 32, true),
  };
  readWideSizes(view, extra, extra + extraLength, entry);
  return entry;
}

// Zip64: fields that do not fit 32 bits stand in an extra field, in this order.
function readWideSizes(
  view: DataView,
  from: number,
  to: number,
  entry: Entry,
) {
  for (let at = from; at + 4 <= to;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let field = at + 4;
      for (const name of ["size", "packed", "offset"] as const) {
        if (entry[name] !== 0xFFFFFFFF) continue;
        entry[name] = Number(view.getBigUint64(field, true));
        field += 8;
      }
    }
    at += 4 + length;
  }
}

function extract(
  view: DataView,
  bytes: Uint8Array<ArrayBuffer>,
  entry: Entry,
  refuse: (why: string) => DbksvdError,
): Uint8Array<ArrayBuffer> {
  const { name, method, packed, size, crc, offset } = entry;
  if (view.getUint32(offset, true) !== LOCAL) {
    throw refuse(`member "${name}" is not where the directory says`);
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) +
    view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) {
    throw refuse(`member "${name}" reaches past the end of the file`);
  }
  const raw = bytes.subarray(start, start + packed);
  if (method === STORED && packed === size) return checked(raw);
  if (method !== DEFLATED || size > packed * MAX_RATIO + 1024) {
    throw refuse(`member "${name}" is packed in an unknown way`);
  }
  const unpacked = inflateRawSync(raw, { maxOutputLength: size + 1 });
  if (unpacked.length !== size) {
    throw refuse(`member "${name}" is not as long as it says`);
  }
  return checked(new Uint8Array(unpacked));

  function checked(contents: Uint8Array<ArrayBuffer>) {
    if (crc32(contents) === crc) return contents;
    throw refuse(`member "${name}" fails its checksum`);
  }
}

/**
 * The bytes of a zip archive of stored members, in parts to be written one after the other (contents are not copied).
 */
export function zipParts(
  members: Readonly<Record<string, readonly Uint8Array[]>>,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const push = (part: Uint8Array) => {
    parts.push(part);
    offset += part.length;
  };
  for (const [name, contents] of Object.entries(members)) {
    const size = contents.reduce((sum, part) => sum + part.length, 0);
    if (size + offset >= 0xFFFFFFFF) {
      throw new DbksvdError(
        "run",
        "An archive of 4 GB or more is not written",
        {
          mend: "export to a safetensors format",
        },
      );
    }
    const crc = contents.reduce((value, part) => crc32(part, value), 0);
    directory.push(header(name, { crc, size, offset }, true));
    push(header(name, { crc, size, offset }, false));
    contents.forEach(push);
  }
  const start = offset;
  directory.forEach(push);
  push(endRecord(directory.length, offset - start, start));
  return parts;
}

function header(
  name: string,
  { crc, size, offset }: { crc: number; size: number; offset: number },
  central: boolean,
): Uint8Array {
  const text = new TextEncoder().encode(name);
  const shift = central ? 2 : 0;
  const bytes = new Uint8Array((central ? 46 : 30) + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, central ? CENTRAL : LOCAL, true);
  if (central) view.setUint16(4, 20, true);
  view.setUint16(4 + shift, 20, true);
  view.setUint16(12 + shift, 0x21, true); // 1 January 1980: the same bytes every time
  view.setUint32(14 + shift, crc, true);
  view.setUint32(18 + shift, size, true);
  view.setUint32(22 + shift, size, true);
  view.setUint16(26 + shift, text.length, true);
  if (central) view.setUint32(42, offset, true);
  bytes.set(text, bytes.length - text.length);
  return bytes;
}

function endRecord(count: number, size: number, start: number): Uint8Array {
  const bytes = new Uint8Array(22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, END, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, start, true);
  return bytes;
}
