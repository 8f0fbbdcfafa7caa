/** Literals and matches up to this length are copied value by value, which costs less than a call. */
const SHORT = 64;

/**
 * Decodes one LZ4 block that fills `out` exactly. Format: lz4/lz4, lz4_Block_format.md. Short pieces are copied some
 * bytes at a time and may write beyond their end, though never beyond the block's: what comes next overwrites it.
 *
 * @param input the block
 * @param out takes exactly what the block holds
 */
export function decodeLz4(input: Uint8Array, out: Uint8Array): void {
  const to = decodeLz4From(input, out, 0);
  if (to !== out.length) throw new Error(`LZ4 block holds ${to} bytes`);
}

/**
 * Decodes one LZ4 block behind what `out` holds already, which it may refer to.
 *
 * @param input the block
 * @param out takes what the block holds from byte `start` on
 * @returns where that ends
 */
export function decodeLz4From(
  input: Uint8Array,
  out: Uint8Array,
  start: number,
): number {
  const end = input.length;
  const size = out.length;
  const source = new DataView(input.buffer, input.byteOffset, end);
  const target = new DataView(out.buffer, out.byteOffset, size);
  let from = 0;
  let to = start;
  while (from < end) {
    const token = input[from++];
    let length = token >> 4;
    if (length < 15 && from + 16 <= end && to + 16 <= size) {
      copy8(source, from, target, to);
      if (length > 8) copy8(source, from + 8, target, to + 8);
    } else {
      for (let byte = length === 15 ? 255 : 0; byte === 255; length += byte) {
        if (from >= end) throw new Error("LZ4 length is cut off");
        byte = input[from++];
      }
      if (length > end - from || length > size - to) {
        throw new Error("LZ4 literals exceed their block");
      }
      copyLiterals(input, from, out, to, length);
    }
    from += length;
    to += length;
    if (from === end) break;
    if (end - from < 2) throw new Error("LZ4 offset is cut off");
    const offset = input[from] | input[from + 1] << 8;
    from += 2;
    length = token & 15;
    for (let byte = length === 15 ? 255 : 0; byte === 255; length += byte) {
      if (from >= end) throw new Error("LZ4 length is cut off");
      byte = input[from++];
    }
    length += 4;
    if (offset === 0 || offset > to || length > size - to) {
      throw new Error("LZ4 match exceeds its block");
    }
    if (length <= 8 && offset >= 8 && to + 8 <= size) {
      copy8(target, to - offset, target, to);
    } else copyMatch(out, target, to, offset, length);
    to += length;
  }
  return to;
}

// Optimized code makes no BigInt of it.
function copy8(source: DataView, from: number, target: DataView, to: number) {
  target.setBigUint64(to, source.getBigUint64(from, true), true);
}

function copyLiterals(
  input: Uint8Array,
  from: number,
  out: Uint8Array,
  to: number,
  length: number,
) {
  if (length > SHORT) out.set(input.subarray(from, from + length), to);
  else for (let i = 0; i < length; i++) out[to + i] = input[from + i];
}

// A match may overlap what it writes: then it repeats its first `offset` bytes.
function copyMatch(
  out: Uint8Array,
  target: DataView,
  to: number,
  offset: number,
  length: number,
) {
  const end = to + length;
  if (length > SHORT && offset >= length) {
    out.copyWithin(to, to - offset, end - offset);
  } else if (offset >= 8 && end + 7 <= out.length) {
    for (; to < end; to += 8) copy8(target, to - offset, target, to);
  } else for (; to < end; to++) out[to] = out[to - offset];
}

/**
 * Decodes the deprecated LZ4 codec as Hadoop frames it: sizes of 4 bytes, big-endian, before every block.
 *
 * @returns whether the bytes are framed so, and fill `out` exactly; without frames, they are one block
 */
export function decodeHadoopLz4(input: Uint8Array, out: Uint8Array): boolean {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let from = 0;
  let to = 0;
  while (from < input.length) {
    if (input.length - from < 8) return false;
    const outLength = view.getUint32(from);
    const inLength = view.getUint32(from + 4);
    from += 8;
    if (inLength > input.length - from || outLength > out.length - to) {
      return false;
    }
    decodeLz4(
      input.subarray(from, from + inLength),
      out.subarray(to, to + outLength),
    );
    from += inLength;
    to += outLength;
  }
  return to === out.length;
}
