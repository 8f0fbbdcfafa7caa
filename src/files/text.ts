import { DbksvdError } from "../errors.ts";
import { joined } from "./joined.ts";

/** Longest text file that is read: tokenizers take tens of megabytes, nothing else comes near. */
const MOST_BYTES = 2 ** 28;

/** Text that stands beside a model or describes a run is no longer than this. */
export const TEXT_BYTES = 64 * 2 ** 20;
/** A configuration by hand. */
export const CONFIG_BYTES = 2 ** 20;
/** The header of an array's file: a JSON of this length takes about a gigabyte once parsed. */
export const HEADER_BYTES = 16 * 2 ** 20;

/** Deeper than anything that this tool or others write. */
const MOST_DEPTH = 64;

/** What a file may be. */
export interface TextLimit {
  /** Most bytes; 64 MiB by default. */
  bytes?: number;
  /** Pipes are read too, up to the limit. */
  pipes?: boolean;
}

/**
 * Reads a text file, never more of it than the limit, and never from what would not end: a pipe, a device.
 *
 * @param path the file
 * @param limit what it may be
 * @throws {DbksvdError} `data` where it is no regular file, or too long
 * @throws {Deno.errors.NotFound} and whatever else the file system says
 */
export async function readText(
  path: string,
  limit: TextLimit = {},
): Promise<string> {
  const { bytes: most = TEXT_BYTES, pipes = false } = limit;
  // Looked at before it is opened: the opening of a pipe waits for whoever writes to it.
  if (!pipes) await requireRegular(path);
  return new TextDecoder().decode(await readBytes(path, most));
}

async function readBytes(path: string, most: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = new Uint8Array(65536);
    const count = await file.read(part);
    if (count === null) break;
    length += count;
    if (length > most) {
      throw new DbksvdError("data", `File is longer than ${most} bytes`, {
        where: { file: path },
        mend: "check that it is the file that was meant",
      });
    }
    parts.push(part.subarray(0, count));
  }
  return joined(parts);
}

/**
 * Refuses what is no regular file.
 *
 * @throws {DbksvdError} `data`
 */
export async function requireRegular(path: string): Promise<void> {
  const info = await Deno.stat(path);
  if (info.isFile) return;
  throw new DbksvdError("data", `Not a file, but ${kindOf(info)}`, {
    where: { file: path },
    mend: "name a regular file",
  });
}

/** What something is that is no regular file, in words. */
export function kindOf(info: {
  isDirectory: boolean;
  isFifo: boolean | null;
  isSocket: boolean | null;
}): string {
  return info.isDirectory
    ? "a directory"
    : info.isFifo
    ? "a pipe"
    : info.isSocket
    ? "a socket"
    : "a device";
}

/**
 * Parses JSON that someone else wrote: nested no deeper than anything sound is.
 *
 * @throws {SyntaxError} where it is no JSON, or too deep
 */
export function parseJson(text: string): unknown {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > MOST_DEPTH) {
        throw new SyntaxError(`it is nested more than ${MOST_DEPTH} deep`);
      }
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
  return JSON.parse(text);
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE] = [0x7b, 0x7d];
const [OPEN_BRACKET, CLOSE_BRACKET] = [0x5b, 0x5d];

/**
 * Reads a text file that somebody named: a regular file of a size that a text has.
 *
 * @param path the file
 * @param most bytes at most
 * @throws {DbksvdError} `data` where it is missing, no regular file, too large or not UTF-8
 */
export async function readTextFile(
  path: string,
  most: number = MOST_BYTES,
): Promise<string> {
  const refuse = (why: string, mend: string, cause?: unknown) =>
    new DbksvdError("data", `Cannot read the file, ${why}`, {
      where: { file: path },
      mend,
      cause,
    });
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw refuse("it is no regular file", "name a file");
    if (size > most) {
      throw refuse(`it has over ${most} bytes`, "name a text file");
    }
    const bytes = await readBytes(path, most);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof DbksvdError) throw cause;
    if (cause instanceof TypeError) {
      throw refuse("it is not UTF-8", "name a text file", cause);
    }
    const reason = cause instanceof Deno.errors.NotFound
      ? "it is not there"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw refuse(reason, "check its name and permissions", cause);
  }
}
