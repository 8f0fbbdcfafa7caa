import { DbksvdError } from "../errors.ts";
import type { GpuDevice } from "./device.ts";
import type { Runner } from "./runner.ts";

/** Bytes mapped at a time: larger pieces come back slower. */
const PIECE_BYTES = 16 * 2 ** 20;

/** A run of bytes of a buffer. */
export interface ByteRange {
  buffer: GPUBuffer;
  offset: number;
  bytes: number;
}

/** A run of bytes on its way through a staging buffer. */
interface Passage {
  piece: number;
  /** Where it lies in the piece. */
  offset: number;
  range: number;
  /** Where it lies in its range. */
  at: number;
  bytes: number;
}

/**
 * Reads buffers back, in pieces that are under way together so that they share one wait.
 *
 * @param gpu the device
 * @param runner whose recorded work comes first
 * @param ranges what to read, in whole words
 * @returns a copy of each range's bytes
 * @throws {DbksvdError} `device`, where the device was lost or refused
 */
export async function readBack(
  gpu: GpuDevice,
  runner: Runner,
  ranges: readonly ByteRange[],
): Promise<ArrayBuffer[]> {
  const passages = pack(ranges);
  const filled: number[] = [];
  for (const { piece, offset, bytes } of passages) {
    filled[piece] = offset + bytes;
  }
  const pieces = filled.map((bytes) => stagingBuffer(gpu, bytes));
  for (const { piece, offset, range, at, bytes } of passages) {
    const { buffer, offset: from } = ranges[range];
    runner.copy(buffer, from + at, pieces[piece], offset, bytes);
  }
  runner.submit();
  await mapAll(gpu, pieces);
  const out = ranges.map(({ bytes }) => new ArrayBuffer(bytes));
  const mapped = pieces.map((piece) => piece.getMappedRange());
  for (const { piece, offset, range, at, bytes } of passages) {
    new Uint8Array(out[range], at, bytes).set(
      new Uint8Array(mapped[piece], offset, bytes),
    );
    runner.counters.bytesReadBack += bytes;
  }
  for (const piece of pieces) piece.destroy();
  gpu.check();
  return out;
}

// Ranges in order, cut and put together so that every piece but the last is full.
function pack(ranges: readonly ByteRange[]): Passage[] {
  const passages: Passage[] = [];
  let piece = 0, offset = 0;
  ranges.forEach(({ bytes: all }, range) => {
    for (let at = 0; at < all;) {
      const bytes = Math.min(all - at, PIECE_BYTES - offset);
      passages.push({ piece, offset, range, at, bytes });
      at += bytes;
      offset += bytes;
      if (offset === PIECE_BYTES) piece++, offset = 0;
    }
  });
  return passages;
}

/** A buffer that results are copied to and mapped from. */
export function stagingBuffer(gpu: GpuDevice, bytes: number): GPUBuffer {
  return gpu.device.createBuffer({
    size: Math.max(16, Math.ceil(bytes / 16) * 16),
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
}

/** Maps buffers for reading, all in one wait. */
export async function mapAll(
  gpu: GpuDevice,
  buffers: readonly GPUBuffer[],
): Promise<void> {
  try {
    await Promise.all(buffers.map((b) => b.mapAsync(GPUMapMode.READ)));
  } catch (cause) {
    // Word of what happened to the device comes with the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
    gpu.check();
    throw new DbksvdError("device", "The GPU's results could not be read", {
      mend: "run again; a training goes on with --resume",
      cause,
    });
  }
}
