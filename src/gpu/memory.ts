import { DbksvdError } from "../errors.ts";
import type { GpuDevice } from "./device.ts";
import { type Matrix, type MatrixShape, partBytes } from "./matrix.ts";

const USAGE = 0x80 | 0x8 | 0x4; // STORAGE | COPY_DST | COPY_SRC

/** Bytes that a buffer of `bytes` takes: whole elements of four floats, at least one. */
export function bufferBytes(bytes: number): number {
  return Math.max(16, Math.ceil(bytes / 16) * 16);
}

/** Allocates device memory, keeps count of it and gives it all back. */
export class DeviceMemory {
  readonly #gpu: GpuDevice;
  readonly #buffers = new Set<GPUBuffer>();
  /** Bytes allocated. */
  bytes = 0;

  constructor(gpu: GpuDevice) {
    this.#gpu = gpu;
  }

  /** A buffer of at least so many bytes. */
  buffer(bytes: number, usage: number = USAGE): GPUBuffer {
    const size = bufferBytes(bytes);
    const buffer = this.#gpu.device.createBuffer({ size, usage });
    this.#buffers.add(buffer);
    this.bytes += size;
    return buffer;
  }

  /** A matrix of this shape, zeroed. */
  matrix(shape: MatrixShape): Matrix {
    const buffers = Array.from(
      { length: shape.parts },
      (_, part) => this.buffer(partBytes(shape, part)),
    );
    return { ...shape, buffers };
  }

  /** Gives buffers back. */
  free(buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      if (!this.#buffers.delete(buffer)) continue;
      this.bytes -= buffer.size;
      buffer.destroy();
    }
  }

  /** Gives everything back. */
  freeAll(): void {
    this.free([...this.#buffers]);
  }
}

/**
 * Allocates under an error scope, so that a device out of memory is an error here and not a surprise later.
 *
 * @param gpu the device
 * @param what named in the error
 * @param allocate does the allocating
 * @throws {DbksvdError} `device`, where the device has not that much memory left
 */
export async function allocateSafely<T>(
  gpu: GpuDevice,
  what: string,
  allocate: () => T,
): Promise<T> {
  const { device } = gpu;
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const made = allocate();
  const errors = [await device.popErrorScope(), await device.popErrorScope()];
  const error = errors.find((e) => e !== null);
  if (error) {
    throw new DbksvdError("device", `No room on the GPU for ${what}`, {
      mend: "lower --sample-batch or --atoms, or use --device cpu",
      cause: error.message,
    });
  }
  return made;
}

/** Where a plan's memory is not there after all, the next one may take this share of it. */
const NEXT_SHARE = 0.8;

/**
 * Plans and allocates; a card with less memory than assumed is planned for again, until a plan fits or none can.
 *
 * @param memory bytes that the first plan may take
 * @param planFor makes a plan for so many bytes
 * @param allocate takes what a plan needs
 * @throws {DbksvdError} as `planFor` does, where no plan fits
 */
export async function takeMemory<Plan extends { needed: number }, Buffers>(
  memory: number,
  planFor: (memory: number) => Plan,
  allocate: (plan: Plan) => Promise<Buffers>,
): Promise<{ plan: Plan; buffers: Buffers }> {
  for (let most = memory;;) {
    const plan = planFor(most);
    try {
      return { plan, buffers: await allocate(plan) };
    } catch (error) {
      if (!(error instanceof DbksvdError)) throw error;
      most = plan.needed * NEXT_SHARE;
    }
  }
}
