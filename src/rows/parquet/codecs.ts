import {
  brotliDecompressSync,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import { compressors } from "hyparquet-compressors";
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
 * @returns exactly `size` bytes
 */
export function decompress(
  codec: string,
  input: Uint8Array,
  size: number,
): Uint8Array {
  if (codec === "UNCOMPRESSED") return exact(input, size);
  const decode = DECODERS[codec];
  if (decode === undefined) throw new Error(`Unsupported codec ${codec}`);
  if (size === 0) return new Uint8Array(0);
  return exact(decode(input, size), size);
}

/** Whether pages of a codec can be read. */
export function knownCodec(codec: string): boolean {
  return codec === "UNCOMPRESSED" || codec in DECODERS;
}

const DECODERS: Record<
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
  SNAPPY: (input, size) => {
    checkRatio(input, size, 32);
    // hyparquet's decoder, quick where there is much to copy, takes the size for granted.
    checkSnappySize(input, size);
    if (input.length < LITERAL_SHARE * size) {
      return compressors.SNAPPY!(input, size);
    }
    const out = new Uint8Array(size);
    decodeSnappy(input, out);
    return out;
  },
  LZ4_RAW: (input, size) => {
    checkRatio(input, size, 256);
    return lz4Block(input, new Uint8Array(size));
  },
  LZ4: (input, size) => {
    checkRatio(input, size, 256);
    return lz4Hadoop(input, size) ?? lz4Block(input, new Uint8Array(size));
  },
};

/** The codecs that pages can be compressed with. */
export const CODECS: readonly string[] = Object.keys(DECODERS);

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

// No stream of these codecs grows by more than this factor: a larger claim is refused before it is allocated.
function checkRatio(input: Uint8Array, size: number, ratio: number) {
  if (size > input.length * ratio + 64) {
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

/** Decodes one LZ4 block that fills `out` exactly. */
function lz4Block(input: Uint8Array, out: Uint8Array): Uint8Array {
  let from = 0;
  let to = 0;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) {
      if (from >= input.length) throw new Error("LZ4 length is cut off");
      byte = input[from++];
    }
    return length;
  };
  while (from < input.length) {
    const token = input[from++];
    const literals = lengthOf(token >> 4);
    if (literals > input.length - from || literals > out.length - to) {
      throw new Error("LZ4 literals exceed their block");
    }
    out.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === input.length) break;
    if (input.length - from < 2) throw new Error("LZ4 offset is cut off");
    const offset = input[from] | input[from + 1] << 8;
    from += 2;
    const length = lengthOf(token & 15) + 4;
    if (offset === 0 || offset > to || length > out.length - to) {
      throw new Error("LZ4 match exceeds its block");
    }
    copyMatch(out, to, offset, length);
    to += length;
  }
  if (to !== out.length) throw new Error(`LZ4 block holds ${to} bytes`);
  return out;
}

// A match may overlap what it writes: then it repeats its first `offset` bytes.
function copyMatch(
  out: Uint8Array,
  to: number,
  offset: number,
  length: number,
) {
  if (offset >= length) {
    out.copyWithin(to, to - offset, to - offset + length);
  } else {
    for (let i = 0; i < length; i++) out[to + i] = out[to + i - offset];
  }
}

// The deprecated LZ4 codec as Hadoop frames it: sizes of 4 bytes, big-endian, before every block.
function lz4Hadoop(input: Uint8Array, size: number): Uint8Array | undefined {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const out = new Uint8Array(size);
  let from = 0;
  let to = 0;
  while (from < input.length) {
    if (input.length - from < 8) return undefined;
    const outLength = view.getUint32(from);
    const inLength = view.getUint32(from + 4);
    from += 8;
    if (inLength > input.length - from || outLength > size - to) {
      return undefined;
    }
    lz4Block(
      input.subarray(from, from + inLength),
      out.subarray(to, to + outLength),
    );
    from += inLength;
    to += outLength;
  }
  return to === size ? out : undefined;
}
