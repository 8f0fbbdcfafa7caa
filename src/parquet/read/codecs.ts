import {
  brotliDecompressSync,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import { compressors } from "hyparquet-compressors";
import { release } from "../../files/release.ts";
import { decodeHadoopLz4, decodeLz4 } from "./lz4.ts";
import { checkSnappySize, decodeSnappy } from "./snappy.ts";
import { areZstdFrames } from "./zstd_frames.ts";

/** Snappy blocks that are at least this much of what they hold are literals nearly all through. */
const LITERAL_SHARE = 0.9;

/**
 * Decompresses a page.
 *
 * @param codec the Parquet name of the codec
 * @param input the compressed bytes
 * @param size bytes that must come out
 * @param room gives memory for them, where the codec does not make its own; fresh memory by default
 * @returns exactly `size` bytes
 */
export function decompress(
  codec: string,
  input: Uint8Array,
  size: number,
  room: (size: number) => Uint8Array = (size) => new Uint8Array(size),
): Uint8Array {
  if (codec === "UNCOMPRESSED") return exact(input, size);
  if (!knownCodec(codec)) throw new Error(`Unsupported codec ${codec}`);
  if (size === 0) return new Uint8Array(0);
  if (!decompressesInto(codec)) return exact(MAKERS[codec](input, size), size);
  checkRatio(codec, input, size);
  const out = room(size);
  FILLERS[codec](input, out);
  return out;
}

/** Whether pages of a codec can be read. */
export function knownCodec(codec: string): boolean {
  return codec === "UNCOMPRESSED" || CODECS.includes(codec);
}

/** Whether {@linkcode decompressInto} takes a codec. */
export function decompressesInto(codec: string): boolean {
  return codec in FILLERS;
}

/** Decompresses a page whose bytes fill `out` exactly. */
export function decompressInto(
  codec: string,
  input: Uint8Array,
  out: Uint8Array,
): void {
  checkRatio(codec, input, out.length);
  FILLERS[codec](input, out);
}

// Codecs whose decoders give memory of their own.
const MAKERS: Record<
  string,
  (input: Uint8Array, size: number) => Uint8Array
> = {
  // One output chunk of a byte more than expected: no growing and copying, and no more memory than the header admits.
  GZIP: (input, size) => gunzipSync(input, zlibOptions(size)),
  BROTLI: wholeBrotli,
  // The decoder ends in silence where a frame breaks off, and need not read the end of one that is whole.
  ZSTD: (input, size) => {
    if (!areZstdFrames(input)) throw damaged();
    return zstdDecompressSync(input, zlibOptions(size));
  },
};

// Codecs that are decoded into memory that is there.
const FILLERS: Record<string, (input: Uint8Array, out: Uint8Array) => void> = {
  SNAPPY: (input, out) => {
    if (input.length >= LITERAL_SHARE * out.length) decodeSnappy(input, out);
    else uncompressSnappy(input, out);
  },
  LZ4_RAW: decodeLz4,
  LZ4: (input, out) => {
    if (!decodeHadoopLz4(input, out)) decodeLz4(input, out);
  },
};

// No stream of these codecs grows by more than this factor.
const MOST_GROWTH: Record<string, number> = {
  SNAPPY: 32,
  LZ4_RAW: 256,
  LZ4: 256,
};

/** The codecs that pages can be compressed with. */
export const CODECS: readonly string[] = [
  ...Object.keys(MAKERS),
  ...Object.keys(FILLERS),
];

// hyparquet's decoder, quick where there is much to copy, takes the size for granted.
function uncompressSnappy(input: Uint8Array, out: Uint8Array) {
  checkSnappySize(input, out.length);
  const bytes = exact(compressors.SNAPPY!(input, out.length), out.length);
  out.set(bytes);
  release(bytes.buffer as ArrayBuffer);
}

function zlibOptions(size: number) {
  return { chunkSize: Math.max(64, size + 1), maxOutputLength: size };
}

// The decoder ends in silence where a stream breaks off, or is damaged late. One that is whole takes its own bytes and
// leaves a byte behind them alone.
function wholeBrotli(input: Uint8Array, size: number): Uint8Array {
  const options = { ...zlibOptions(size), info: true };
  const { buffer, engine } = brotliDecompressSync(
    oneLonger(input),
    options,
  ) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
  if (engine.bytesWritten !== input.length) throw damaged();
  return buffer;
}

function damaged(): Error {
  return new Error("Page's compressed bytes are damaged");
}

function oneLonger(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = bytes;
  if (byteOffset + length < buffer.byteLength) {
    return new Uint8Array(buffer, byteOffset, length + 1);
  }
  const longer = new Uint8Array(length + 1);
  longer.set(bytes);
  return longer;
}

// A larger claim is refused before it is allocated.
function checkRatio(codec: string, input: Uint8Array, size: number) {
  if (size > input.length * MOST_GROWTH[codec] + 64) {
    throw new Error("Page claims to be larger than its bytes can hold");
  }
}

function exact(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) {
    throw new Error(`Page decompresses to ${bytes.length} bytes, not ${size}`);
  }
  // zlib gives Buffers, whose slice() and subarray() are not a Uint8Array's.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, size);
}
