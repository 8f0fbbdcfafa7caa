import type { GpuDevice } from "./device.ts";

/** Passes timed between two resolves; later ones go untimed. */
const MOST_PASSES = 512;

/** Bytes that the times of one resolve take at most: a begin and an end, 8 bytes each, for every pass. */
export const TIMES_BYTES = MOST_PASSES * 16;

/** Times passes on the device by timestamp queries; does nothing where there are none. */
export class StageClock {
  readonly #queries: GPUQuerySet | undefined;
  readonly #resolved: GPUBuffer | undefined;
  #stages: string[] = [];

  constructor({ device, timestamps }: GpuDevice) {
    if (!timestamps) return;
    this.#queries = device.createQuerySet({
      type: "timestamp",
      count: 2 * MOST_PASSES,
    });
    this.#resolved = device.createBuffer({
      size: TIMES_BYTES,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  /** What a pass of this stage is begun with. */
  passDescriptor(stage: string): GPUComputePassDescriptor {
    if (this.#queries === undefined || this.#stages.length === MOST_PASSES) {
      return {};
    }
    this.#stages.push(stage);
    return {
      timestampWrites: {
        querySet: this.#queries,
        beginningOfPassWriteIndex: 2 * this.#stages.length - 2,
        endOfPassWriteIndex: 2 * this.#stages.length - 1,
      },
    };
  }

  /** Drops the times of passes that nobody will ask for. */
  forget(): void {
    this.#stages = [];
  }

  /** Records the copy of all times since the last resolve; returns the stage of each pass. */
  resolve(
    encoder: GPUCommandEncoder,
    to: GPUBuffer,
    offset: number,
  ): string[] {
    const stages = this.#stages;
    this.#stages = [];
    if (
      this.#queries === undefined || this.#resolved === undefined ||
      stages.length === 0
    ) return [];
    encoder.resolveQuerySet(
      this.#queries,
      0,
      2 * stages.length,
      this.#resolved,
      0,
    );
    encoder.copyBufferToBuffer(
      this.#resolved,
      0,
      to,
      offset,
      16 * stages.length,
    );
    return stages;
  }
}

/** Milliseconds by stage, and from the first pass's begin to the last one's end. */
export function readTimes(
  stages: string[],
  ticks: BigUint64Array,
): { total: number; stages: Record<string, number> } {
  const sums: Record<string, number> = {};
  stages.forEach((stage, i) => {
    const spent = Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6;
    sums[stage] = (sums[stage] ?? 0) + spent;
  });
  const total = stages.length === 0
    ? 0
    : Number(ticks[2 * stages.length - 1] - ticks[0]) / 1e6;
  return { total, stages: sums };
}
