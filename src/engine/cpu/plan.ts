import { mayStartWorker } from "../worker/may_start.ts";
import type { EngineSpec } from "../engine.ts";
import { layOut } from "./layout.ts";

/** The module that a thread runs. */
export const THREAD = new URL("./thread.ts", import.meta.url);

/** Rows held between passes may take this much host memory; beyond it they are streamed again. */
export const HELD_BYTES = 2 ** 31;

/** What a run would take on the processor. */
export interface CpuPlan {
  /** Threads that would work. */
  threads: number;
  /** What the engine would take. */
  memoryBytes: number;
  /** What the rows that it holds between passes would take. */
  heldRowsBytes: number;
}

/** Threads that work: as many as are asked for, or as there are cores; one where none other may be started. */
export function threadsFor(asked?: number): number {
  if (!mayStartWorker(THREAD)) return 1;
  return asked ?? navigator.hardwareConcurrency;
}

/**
 * Works out what a training would take, without taking it.
 *
 * @param spec what the engine would be for
 * @param batches rows of each sample batch of a pass
 * @param options threads and BLAS asked for, and whether there is more than one pass
 * @throws {DbksvdError} `run` where it would be more than can be addressed
 */
export function planCpu(
  spec: EngineSpec,
  batches: readonly number[],
  options: {
    threads?: number | undefined;
    blas?: string | undefined;
    again: boolean;
  },
): CpuPlan {
  const threads = threadsFor(options.threads);
  const layout = layOut(spec, threads, options.blas !== undefined);
  // Only iterations that processes share have sums to send.
  const memoryBytes = layout.bytes - (layout.suspects - layout.sums);
  let heldRowsBytes = 0;
  for (const rows of options.again ? batches : []) {
    const bytes = rows * layout.rowBytes;
    if (heldRowsBytes + bytes <= HELD_BYTES) heldRowsBytes += bytes;
  }
  return { threads, memoryBytes, heldRowsBytes };
}

/** A plan as lines to print. */
export function cpuPlanLines(plan: CpuPlan): string[] {
  const { threads, memoryBytes, heldRowsBytes } = plan;
  const size = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const held = heldRowsBytes === 0
    ? ""
    : `, and ${size(heldRowsBytes)} for rows held between passes`;
  return [
    `CPU engine on ${threads} ${threads === 1 ? "thread" : "threads"}: ${
      size(memoryBytes)
    }${held}`,
  ];
}
