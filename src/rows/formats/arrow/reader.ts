import { zstdDecompressSync } from "node:zlib";
import type { ByteSource, SyncBytes } from "../../../files/bytes.ts";
import {
  ELEMENT_BYTES,
  type ElementType,
} from "../../../parquet/read/columns.ts";
import { toFloats } from "../../../parquet/read/values.ts";
import { areZstdFrames } from "../../../parquet/read/zstd_frames.ts";
import type { ArrowCodec, ArrowNode } from "./batches.ts";
import { decodeLz4Frames } from "./lz4_frame.ts";

/** Reads parts of buffers; those that are compressed are decompressed whole, and the ones used last kept. */
export class BufferReader {
  /** Decompressed buffers by their place, the one used last at the end. */
  readonly #kept = new Map<number, Uint8Array<ArrayBuffer>>();

  /**
   * @param source the file
   * @param limit bytes that a decompressed buffer may take
   */
  constructor(readonly source: ByteSource, readonly limit: number) {}

  /** Bytes of a column's buffer, `length` of them from `offset` on. */
  async read(
    node: ArrowNode,
    index: number,
    offset: number,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = node.buffers[index];
    if (node.codec === undefined) {
      this.#require(offset + length, buffer.length);
      return await this.source.read(buffer.start + offset, length);
    }
    const bytes = await this.#decompressed(node, index);
    this.#require(offset + length, bytes.length);
    return bytes.slice(offset, offset + length);
  }

  /** Numbers of a column's buffer as floats, from byte `offset` on, as many as `out` takes. */
  async floats(
    node: ArrowNode,
    index: number,
    element: ElementType,
    offset: number,
    out: Float32Array,
  ): Promise<void> {
    const { source } = this;
    const direct = node.codec === undefined && element === "f32" &&
      "readSync" in source;
    if (!direct) {
      const length = out.length * ELEMENT_BYTES[element];
      toFloats(element, await this.read(node, index, offset, length), out);
      return;
    }
    const buffer = node.buffers[index];
    this.#require(offset + 4 * out.length, buffer.length);
    const into = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    (source as ByteSource & SyncBytes).readSync(buffer.start + offset, into);
  }

  /** Whether each of some values is there, from value `start` on; undefined where all are. */
  async validity(
    node: ArrowNode,
    start: number,
    end: number,
  ): Promise<((index: number) => boolean) | undefined> {
    if (node.nulls === 0 || node.buffers[0]?.length === 0) return undefined;
    const bits = await this.bits(node, 0, start, end);
    return (index) => bits[index - start] === 1;
  }

  /** Bits of a buffer, one number each. */
  async bits(
    node: ArrowNode,
    index: number,
    start: number,
    end: number,
  ): Promise<Uint8Array> {
    const first = start >> 3;
    const bytes = await this.read(node, index, first, ((end + 7) >> 3) - first);
    return Uint8Array.from(
      { length: end - start },
      (_, i) => bytes[((start + i) >> 3) - first] >> ((start + i) & 7) & 1,
    );
  }

  /** Where values `start` to `end` − 1 of a list, a text or bytes begin and end, counted in what they hold. */
  async offsets(
    node: ArrowNode,
    start: number,
    end: number,
  ): Promise<Float64Array> {
    const { type } = node.field;
    if (type.kind === "fixed list" || type.kind === "fixed bytes") {
      return Float64Array.from(
        { length: end - start + 1 },
        (_, i) => (start + i) * type.size,
      );
    }
    const wide = "wide" in type && type.wide;
    // Where there is no value at all, offsets may be left out.
    if (node.length === 0) return new Float64Array(1);
    const size = wide ? 8 : 4;
    const bytes = await this.read(
      node,
      1,
      start * size,
      (end - start + 1) * size,
    );
    const found = wide
      ? Float64Array.from(new BigInt64Array(bytes.buffer), Number)
      : Float64Array.from(new Int32Array(bytes.buffer));
    for (let i = 0; i < found.length; i++) {
      if (found[i] < (found[i - 1] ?? 0)) throw new Error("Offsets go back");
    }
    return found;
  }

  async #decompressed(
    { buffers, codec }: ArrowNode,
    index: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { start, length } = buffers[index];
    if (length === 0) return new Uint8Array(0);
    const held = this.#kept.get(start);
    if (held !== undefined) return this.#keep(start, held);
    if (length > this.limit) throw beyond(length);
    const stored = await this.source.read(start, length);
    const view = new DataView(stored.buffer);
    if (length < 8) throw new Error("Compressed buffer is cut off");
    const size = Number(view.getBigInt64(0, true));
    if (size > this.limit) throw beyond(size);
    const bytes = size === -1
      ? stored.subarray(8)
      : decompress(codec!, stored.subarray(8), size);
    return this.#keep(start, bytes);
  }

  #keep(start: number, bytes: Uint8Array<ArrayBuffer>) {
    this.#kept.delete(start);
    this.#kept.set(start, bytes);
    let all = 0;
    for (const { length } of this.#kept.values()) all += length;
    for (const [oldest, { length }] of this.#kept) {
      if (all <= this.limit || this.#kept.size === 1) break;
      this.#kept.delete(oldest);
      all -= length;
    }
    return bytes;
  }

  #require(end: number, length: number) {
    if (end > length) throw new Error("Buffer ends before its values do");
  }
}

function beyond(bytes: number): Error {
  return new Error(
    `Compressed buffer of ${bytes} bytes is beyond the memory budget`,
  );
}

function decompress(
  codec: ArrowCodec,
  input: Uint8Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  if (size < 0) throw new Error("Buffer of a negative size");
  if (codec === "LZ4_FRAME") return decodeLz4Frames(input, size);
  // The decoder ends in silence where a frame breaks off.
  if (!areZstdFrames(input)) throw new Error("Compressed bytes are damaged");
  const bytes = zstdDecompressSync(input, {
    chunkSize: Math.max(64, size + 1),
    maxOutputLength: Math.max(1, size),
  });
  if (bytes.length !== size) {
    throw new Error(
      `Buffer decompresses to ${bytes.length} bytes, not ${size}`,
    );
  }
  return new Uint8Array(bytes);
}
