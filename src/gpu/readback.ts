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
  const pieces = ranges.flatMap(({ buffer, offset, bytes }, range) =>
    Array.from({ length: Math.ceil(bytes / PIECE_BYTES) }, (_, i) => {
      const at = i * PIECE_BYTES;
      const size = Math.min(PIECE_BYTES, bytes - at);
      const staging = stagingBuffer(gpu, size);
      runner.copy(buffer, offset + at, staging, 0, size);
      return { range, at, size, staging };
    })
  );
  runner.submit();
  const out = ranges.map(({ bytes }) => new ArrayBuffer(bytes));
  await mapAll(gpu, pieces.map(({ staging }) => staging));
  for (const { range, at, size, staging } of pieces) {
    new Uint8Array(out[range], at, size).set(
      new Uint8Array(staging.getMappedRange(0, size)),
    );
    staging.destroy();
    runner.counters.bytesReadBack += size;
  }
  gpu.check();
  return out;
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
    gpu.check();
    throw new DbksvdError("device", "The GPU's results could not be read", {
      mend: "run again with --resume",
      cause,
    });
  }
}
