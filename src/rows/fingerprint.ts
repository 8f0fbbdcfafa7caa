import { createHash } from "node:crypto";
import type { ByteSource } from "../files/bytes.ts";

/** What tells a file's content from another of the same name and size. */
export interface Fingerprint {
  /** `sha256:` of all bytes, or `samples:` of pieces spread over them. */
  digest: string;
  /** The date of the last change, or a server's validator. */
  stamp?: string | undefined;
}

/** A piece that is hashed. */
const PIECE_BYTES = 16384;
/** Pieces of a file at most: smaller files are hashed whole. */
const FILE_PIECES = 256;
/** Pieces of all files together. */
const ALL_PIECES = 8192;

/**
 * Fingerprints of files: of small ones all bytes are hashed, of large ones pieces from the first byte to the last. A
 * file written anew with other numbers differs in them; one changed in a few places may not, but has another date
 * then.
 *
 * @param sources the files
 */
export async function fingerprints(
  sources: readonly ByteSource[],
): Promise<Fingerprint[]> {
  const share = Math.floor(ALL_PIECES / Math.max(1, sources.length));
  const pieces = Math.max(2, Math.min(FILE_PIECES, share));
  const found: Fingerprint[] = [];
  for (const source of sources) {
    // What is far away is known by its validator; its end was fetched already.
    const count = source.localPath === undefined ? 1 : pieces;
    found.push({
      digest: await digestOf(source, count),
      stamp: source.stamp,
    });
  }
  return found;
}

async function digestOf(
  source: Pick<ByteSource, "size" | "read">,
  pieces: number,
): Promise<string> {
  const { size } = source;
  const hash = createHash("sha256");
  const whole = size <= pieces * PIECE_BYTES;
  const last = Math.max(0, size - PIECE_BYTES);
  const starts = whole
    ? Array.from(
      { length: Math.ceil(size / PIECE_BYTES) },
      (_, i) => i * PIECE_BYTES,
    )
    : Array.from(
      { length: pieces },
      (_, i) => pieces === 1 ? last : Math.floor(last * i / (pieces - 1)),
    );
  for (const start of starts) {
    hash.update(await source.read(start, Math.min(PIECE_BYTES, size - start)));
  }
  return `${whole ? "sha256" : "samples"}:${hash.digest("hex")}`;
}

/** The fingerprint of bytes in memory. */
export async function fingerprintOfBytes(
  bytes: Uint8Array,
): Promise<Fingerprint> {
  const read = (offset: number, length: number) =>
    Promise.resolve(
      bytes.subarray(offset, offset + length) as Uint8Array<ArrayBuffer>,
    );
  return { digest: await digestOf({ size: bytes.length, read }, FILE_PIECES) };
}

/** What may be known of a file's content. */
type MaybePrinted = { [K in keyof Fingerprint]?: Fingerprint[K] | undefined };

/** Whether two fingerprints are of the same content, as far as both can tell. */
export function sameContent(
  a: MaybePrinted,
  b: MaybePrinted,
): boolean {
  if (a.digest === undefined || b.digest === undefined) return true;
  if (a.digest !== b.digest) return false;
  // Pieces alone do not tell: the date has to be the same too.
  const whole = a.digest.startsWith("sha256:");
  return whole || a.stamp === undefined || b.stamp === undefined ||
    a.stamp === b.stamp;
}
