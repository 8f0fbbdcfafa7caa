import { DbksvdError } from "../../../errors.ts";
import type { ByteSource } from "../../../files/bytes.ts";
import { Table } from "./flatbuffer.ts";

const END = 8;
/** Bytes before a message: a mark that all of its bits are set, and its length. */
const PREFIX = 8;

/** Bytes of a buffer in its file. */
export interface ArrowBuffer {
  start: number;
  length: number;
}

/** A message: its metadata, and where its values are. */
export interface Message {
  root: Table;
  /** Where the body lies in the file. */
  body: ArrowBuffer;
  next: number;
}

/**
 * Reads a message of a file or stream.
 *
 * @param at where it begins
 * @param end where the messages end
 * @param limit bytes that its metadata may take
 * @returns undefined at the mark of the end
 * @throws {Error} where it is cut off, or none
 */
export async function readMessage(
  source: ByteSource,
  at: number,
  end: number,
  limit: number,
): Promise<Message | undefined> {
  if (end - at < 4) throw cutOff();
  const head = await source.read(at, Math.min(PREFIX, end - at));
  const view = new DataView(head.buffer);
  const marked = view.getInt32(0, true) === -1;
  if (marked && head.length < PREFIX) throw cutOff();
  // Before version 0.15 there was no mark.
  const length = view.getInt32(marked ? 4 : 0, true);
  if (length === 0) return undefined;
  const start = at + (marked ? PREFIX : 4);
  if (length < 0 || length > limit) throw new Error("Not an Arrow message");
  if (length > end - start) throw cutOff();
  const root = Table.root(await source.read(start, length));
  const body = { start: start + length, length: root.long(3) };
  if (body.length < 0) throw new Error("Message of a negative length");
  if (body.length > end - body.start) throw cutOff();
  return { root, body, next: body.start + Math.ceil(body.length / END) * END };
}

function cutOff(): Error {
  return new Error("File is truncated inside a message");
}

/** Whether bytes begin as an Arrow stream does: a message's mark and a length that may be one. */
export function looksLikeStream(head: Uint8Array): boolean {
  if (head.length < 8) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const length = view.getInt32(4, true);
  return view.getInt32(0, true) === -1 && length > 0 && length < 2 ** 28;
}

/**
 * Refuses what stands behind a stream's mark of the end: it would be lost. Most likely it is another stream, by `cat`.
 *
 * @param at where the mark is
 * @throws {DbksvdError} `data`
 */
export async function requireEnd(source: ByteSource, at: number) {
  const mark = await source.read(at, 4);
  const end = at + (new DataView(mark.buffer).getInt32(0) === -1 ? END : 4);
  const left = source.size - end;
  if (left <= 0) return;
  const rest = await source.read(end, Math.min(left, END));
  if (left <= END && rest.every((byte) => byte === 0)) return;
  if (looksLikeStream(rest)) throw anotherStream(source);
  throw behind(source, `${left} bytes follow the end of the Arrow stream`);
}

/** Between the last batch and the footer are the mark of the end and what fills up to 64 bytes. */
const MOST_FILLING = END + 64;

/**
 * Refuses a file whose footer does not tell of all that stands before it: it would be lost. Most likely another file
 * stands there, by `cat`: what its footer tells of is then looked for in the first one.
 *
 * @param reached where the last message ends that the footer tells of
 * @param footer where the footer begins
 * @throws {DbksvdError} `data`
 */
export async function requireAllTold(
  source: ByteSource,
  reached: number,
  footer: number,
) {
  const left = footer - reached;
  const head = await source.read(
    reached,
    Math.max(0, Math.min(left, MOST_FILLING)),
  );
  const marked = head.subarray(0, 4).every((byte) => byte === 255);
  const filling = head.subarray(marked ? 4 : 0);
  if (left <= MOST_FILLING && filling.every((byte) => byte === 0)) return;
  throw new DbksvdError(
    "data",
    `The Arrow footer does not tell of ${left} bytes before it`,
    {
      where: { file: source.path },
      mend:
        "files cannot be joined by cat: give each by itself, or write one with all of the batches",
    },
  );
}

/** What is wrong where streams stand one after another in a file. */
export function anotherStream(source: ByteSource): DbksvdError {
  return behind(source, "Another Arrow stream follows the first one");
}

function behind({ path: file }: ByteSource, what: string): DbksvdError {
  return new DbksvdError("data", what, {
    where: { file },
    mend: "give each stream by itself, or write one with all of the batches",
  });
}
