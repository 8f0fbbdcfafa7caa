import { decodeLz4From } from "../../../parquet/read/lz4.ts";

const MAGIC = 0x184D2204;
/** No block grows by more than this factor. */
const MOST_GROWTH = 256;

/**
 * Decodes LZ4 frames that hold exactly `size` bytes. Blocks may refer to what the blocks before them hold. Checksums
 * are not looked at. Format: lz4/lz4, lz4_Frame_format.md.
 */
export function decodeLz4Frames(
  input: Uint8Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  if (size > input.length * MOST_GROWTH + 64) {
    throw new Error("LZ4 frame claims more than its bytes can hold");
  }
  const out = new Uint8Array(size);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let at = 0;
  let to = 0;
  while (at < input.length) {
    if (input.length - at < 7) throw new Error("LZ4 frame is cut off");
    if (view.getUint32(at, true) !== MAGIC) throw new Error("Not an LZ4 frame");
    const flags = input[at + 4];
    if (flags >> 6 !== 1) throw new Error("LZ4 frame of an unknown version");
    const blockChecksum = (flags & 16) !== 0 ? 4 : 0;
    // Magic, flags and block size; the content's size, a dictionary's number, the header's checksum.
    at += 7 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0);
    for (;;) {
      if (input.length - at < 4) throw new Error("LZ4 frame is cut off");
      const word = view.getUint32(at, true);
      at += 4;
      if (word === 0) break;
      const length = word & 0x7FFFFFFF;
      if (length > input.length - at) throw new Error("LZ4 block is cut off");
      const block = input.subarray(at, at + length);
      if (word >>> 31 === 1) {
        if (length > size - to) throw new Error("LZ4 block exceeds its frame");
        out.set(block, to);
        to += length;
      } else to = decodeLz4From(block, out, to);
      at += length + blockChecksum;
    }
    if ((flags & 4) !== 0) at += 4;
  }
  if (to !== size) throw new Error(`LZ4 frame holds ${to} bytes, not ${size}`);
  return out;
}
