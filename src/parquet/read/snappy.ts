/**
 * Decodes a raw snappy block that is mostly literals, as numbers that do not compress are: each is copied at once,
 * and nothing through another memory. Format: google/snappy, format_description.txt.
 *
 * @param input the block
 * @param out takes exactly what the block holds
 */
export function decodeSnappy(input: Uint8Array, out: Uint8Array): void {
  let from = checkSnappySize(input, out.length);
  let to = 0;
  while (from < input.length) {
    const tag = input[from++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        length = littleEndian(input, from, bytes) + 1;
        from += bytes;
      }
      if (length > input.length - from || length > out.length - to) {
        throw new Error("Snappy literal exceeds its block");
      }
      out.set(input.subarray(from, from + length), to);
      from += length;
      to += length;
      continue;
    }
    const bytes = kind === 3 ? 4 : kind;
    const low = littleEndian(input, from, bytes);
    from += bytes;
    const length = kind === 1 ? (tag >> 2 & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? (tag >> 5) * 256 + low : low;
    if (offset === 0 || offset > to || length > out.length - to) {
      throw new Error("Snappy copy exceeds its block");
    }
    for (const end = to + length; to < end; to++) out[to] = out[to - offset];
  }
  if (to !== out.length) throw new Error(`Snappy block ends after ${to} bytes`);
}

/** Makes sure that a block says to hold so many bytes, and gives the place where it goes on. */
export function checkSnappySize(input: Uint8Array, expected: number): number {
  let size = 0;
  for (let at = 0, scale = 1; at < Math.min(5, input.length); scale *= 128) {
    const byte = input[at++];
    size += (byte & 127) * scale;
    if (byte >= 128) continue;
    if (size === expected) return at;
    throw new Error(`Snappy block holds ${size} bytes, not ${expected}`);
  }
  throw new Error("Snappy block has no size");
}

function littleEndian(input: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > input.length) throw new Error("Snappy block is cut off");
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + input[at + i];
  return value;
}
