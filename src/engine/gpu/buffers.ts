import type { GpuDevice } from "../../gpu/device.ts";
import { allocateSafely, DeviceMemory } from "../../gpu/memory.ts";
import { type Matrix, type MatrixShape, partBytes } from "../../gpu/matrix.ts";
import { type KernelContext, listWords } from "./stages/common.ts";
import { stepStateWords } from "./stages/pursue.ts";
import type { GpuPlan } from "./plan.ts";
import type { EngineSpec } from "../engine.ts";

/** Sums over runs of rows that an iteration reads back, at most; float64 on the host finishes them. */
const MOST_SUMS = 3 * 256;

/** The state of rows in a pursuit by products. */
export interface ProductPursuitBuffers {
  residuals: Matrix;
  states: GPUBuffer;
  factors: GPUBuffer;
  products: GPUBuffer;
}

/** Everything an engine keeps on the device. */
export interface EngineBuffers {
  memory: DeviceMemory;
  /** Raw rows on their way in. */
  upload: GPUBuffer;
  /** The mean, padded to whole elements. */
  mean: GPUBuffer;
  /** The sample batch's rows, later its residual. */
  rows: Matrix;
  /** ‖r‖² and ‖y‖² of each row. */
  energies: GPUBuffer;
  /** The dictionary, and the one that an iteration makes. */
  dictionary: Matrix;
  next: Matrix;
  /** One Gram a group; groups share buffers. */
  grams: Matrix[];
  /** What a pursuit by products keeps of the rows that it works on. */
  pursuit?: ProductPursuitBuffers;
  /** The same in halves; empty where they are not searched. */
  halves: Matrix[];
  /** By atom, how far its Gram row is off in halves at most, and its greatest coherence with another. */
  bounds: GPUBuffer;
  correlations: GPUBuffer;
  factors: GPUBuffer;
  indices: GPUBuffer;
  values: GPUBuffer;
  /** Atoms by turn, and the turn of each atom. */
  order: GPUBuffer;
  turns: GPUBuffer;
  ranks: GPUBuffer;
  counts: GPUBuffer;
  seen: GPUBuffer;
  totals: GPUBuffer;
  atomLists: GPUBuffer;
  /** Rows and coefficients of the atoms' lists, where dense batches are summed by tiles. */
  entries: GPUBuffer;
  batchLists: GPUBuffer;
  /** What earlier batches weigh in each atom. */
  weights: GPUBuffer;
  /** The state of each atom in the update, by turn. */
  updates: GPUBuffer;
  sums: Matrix;
  alongs: GPUBuffer;
  usage: GPUBuffer;
  flags: GPUBuffer;
  /** Sums of energies by runs of rows: of the rows, then before and after each group's update. */
  totalsByRun: GPUBuffer;
  runs: number;
  worst: GPUBuffer;
  replaced: GPUBuffer;
}

/**
 * Allocates what the plan says.
 *
 * @throws {DbksvdError} `device`, where there is not enough memory
 */
export async function allocateBuffers(
  gpu: GpuDevice,
  spec: EngineSpec,
  plan: GpuPlan,
  { tuning, search }: KernelContext,
): Promise<EngineBuffers> {
  const memory = new DeviceMemory(gpu);
  const made = allocateSafely(gpu, "the sample batch", () => {
    const { atoms: m, sampleBatch: rows, coder } = spec;
    const words = (count: number) => memory.buffer(4 * count);
    const most = Math.max(...plan.groups.map((g) => g.sparsity));
    const searchesHalves = search !== "floats";
    const workers = tuning.scratchWorkers;
    const widest = Math.max(...plan.groups.map((g) => g.layout.stride));
    const runs = Math.min(
      Math.ceil(rows / 64),
      Math.max(1, Math.floor(MOST_SUMS / (1 + 2 * plan.groups.length))),
    );
    return {
      memory,
      upload: words(plan.uploadRows * spec.width),
      mean: words(4 * plan.rows.stride),
      rows: memory.matrix(plan.rows),
      energies: words(2 * rows),
      dictionary: memory.matrix(plan.dictionary),
      next: memory.matrix(plan.dictionary),
      grams: plan.form === "gram"
        ? allocateGrams(memory, plan.groups.map((g) => g.gram))
        : [],
      pursuit: plan.form === "product"
        ? allocatePursuit(memory, plan, { most, widest, workers })
        : undefined,
      halves: searchesHalves && plan.form === "gram"
        ? allocateGrams(memory, plan.groups.map((g) => g.halves))
        : [],
      bounds: words(2 * m),
      correlations: memory.buffer(
        (plan.chunkRows + plan.scratchRows) * widest * 16,
      ),
      factors: memory.buffer(
        Math.max(...plan.groups.map((g) => g.scratch.factors)),
      ),
      indices: words(rows * coder.sparsity),
      values: words(rows * coder.sparsity),
      order: words(m),
      turns: words(m),
      ranks: words(rows * most),
      counts: words(plan.sortBlocks * m),
      seen: words(plan.sortBlocks * m),
      totals: words(m),
      atomLists: words(listWords(m, rows * most).words),
      entries: memory.buffer(
        plan.buffers.find(({ name }) => name === "dense atom lists")!.bytes,
      ),
      batchLists: words(listWords(m, rows * most).words),
      weights: words(m),
      updates: words(4 * m),
      sums: memory.matrix(plan.sums),
      alongs: words(plan.sums.rows),
      usage: words(m),
      flags: words(Math.ceil(m / 32)),
      totalsByRun: words(runs * (1 + 2 * plan.groups.length)),
      runs,
      worst: words(Math.min(rows, m)),
      replaced: words(m),
    };
  });
  try {
    return await made;
  } catch (error) {
    memory.freeAll();
    throw error;
  }
}

function allocatePursuit(
  memory: DeviceMemory,
  { chunkRows, rows }: GpuPlan,
  { most, widest, workers }: { most: number; widest: number; workers: number },
): ProductPursuitBuffers {
  const triangle = 2 * most * (most + 1);
  const shape = { ...rows, rows: chunkRows, rowsPerPart: chunkRows, parts: 1 };
  return {
    residuals: memory.matrix(shape),
    states: memory.buffer(chunkRows * 4 * stepStateWords(widest)),
    factors: memory.buffer(chunkRows * triangle),
    products: memory.buffer(workers * triangle),
  };
}

// Groups are worked on in turn, so their Grams lie in the same buffers.
function allocateGrams(memory: DeviceMemory, shapes: MatrixShape[]): Matrix[] {
  const parts = Math.max(...shapes.map((shape) => shape.parts));
  const buffers = Array.from(
    { length: parts },
    (_, part) =>
      memory.buffer(Math.max(
        ...shapes.map((shape) =>
          part < shape.parts ? partBytes(shape, part) : 0
        ),
      )),
  );
  return shapes.map((shape) => ({
    ...shape,
    buffers: buffers.slice(0, shape.parts),
  }));
}
