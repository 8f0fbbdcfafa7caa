// What a training keeps on the device, and whether it fits.
import { largestTurns } from "../../engine/gpu/stages/largest.ts";
import { listWords, UPDATE_WORDS } from "../../engine/gpu/layout.ts";
import { gigabytes } from "../../engine/gpu/plan_problem.ts";
import { threadsFor, type Tuning } from "../../engine/gpu/tuning.ts";
import { DbksvdError } from "../../errors.ts";
import type { DeviceLimits } from "../../gpu/device.ts";
import { type MatrixShape, matrixShape, partBytes } from "../../gpu/matrix.ts";
import { bufferBytes } from "../../gpu/memory.ts";
import {
  type AutoencoderSpec,
  KEEP_ATOMS,
  levelsIn,
  slotsOf,
} from "../layout.ts";

/** The matrices of a training, by rows of whole elements of four floats. */
export type TrainerMatrices = Record<
  "Y" | "R" | "E" | "D" | "ofEncoder" | "ofDecoder",
  MatrixShape
>;

/** How a training is laid out on a device. */
export interface TrainerPlan {
  /** Code slots of a row. */
  slots: number;
  levelCount: number;
  /** Elements of a row of pre-activations, and the threads that look for the largest of one. */
  stride: number;
  threads: number;
  /** Rows whose pre-activations are held at a time. */
  chunkRows: number;
  /** Blocks of rows in the counting sort. */
  sortBlocks: number;
  matrices: TrainerMatrices;
  /** Bytes of the buffers beside the matrices. */
  bytes: Record<TrainerBuffer, number>;
  /** Bytes of everything. */
  needed: number;
}

/** The buffers beside the matrices. */
export type TrainerBuffer =
  | "A"
  | "bias"
  | "scales"
  | "states"
  | "levels"
  | "floors"
  | "indices"
  | "values"
  | "slopes"
  | "place"
  | "digits"
  | "turns"
  | "ranks"
  | "counts"
  | "totals"
  | "usage"
  | "updates"
  | "lists"
  | "worths";

/** What is large, in words. */
const SAYS: Partial<Record<TrainerBuffer | keyof TrainerMatrices, string>> = {
  Y: "the rows of a step",
  R: "what is left of them",
  E: "the encoder",
  D: "the decoder",
  ofEncoder: "the encoder's moments",
  ofDecoder: "the decoder's moments",
  A: "pre-activations",
  counts: "sorting",
};

/** Pre-activations take this share of the device's memory at most; the rest of a step's rows wait their turn. */
const ACTIVATION_SHARE = 1 / 4;

/** Chunks of rows are multiples of this many, so that they start where tiles do. */
const CHUNK_ROWS = 128;

/** Tallies of the counting sort take this many bytes at most. */
const SORT_BYTES = 64 * 2 ** 20;

/** Words of a bias's state: see kernels/learn.wgsl. */
export const STATE_WORDS = 3;

/**
 * Works out what a training keeps on a device.
 *
 * @param spec what is trained
 * @param limits of the device, or lower
 * @param tuning the adapter's
 * @throws {DbksvdError} `device`, where it cannot fit, with the numbers
 */
export function planTrainer(
  spec: AutoencoderSpec,
  limits: DeviceLimits,
  tuning: Tuning,
): TrainerPlan {
  const plan = layOutTrainer(spec, limits, tuning);
  const problem = spaceProblem(plan, limits) ??
    loopProblem(spec, plan, tuning);
  if (problem === undefined) return plan;
  throw new DbksvdError("device", problem, {
    mend: spec.learnsDecoder
      ? `use --device cpu, or ${KEEP_ATOMS}`
      : "use --device cpu",
  });
}

/** Lays a training out, whether that fits or not. */
export function layOutTrainer(
  spec: AutoencoderSpec,
  limits: DeviceLimits,
  tuning: Tuning,
): TrainerPlan {
  const { width, latents, batch } = spec;
  const elements = Math.ceil(width / 4), stride = Math.ceil(latents / 4);
  const slots = slotsOf(spec), levelCount = levelsIn(spec);
  const matrix = (rows: number, elements: number) =>
    matrixShape(rows, elements, "vec4<f32>", limits.binding);
  const sortBlocks = Math.max(
    1,
    Math.min(
      tuning.sortBlocks,
      Math.ceil(batch / 32),
      Math.floor(Math.min(SORT_BYTES, limits.binding) / (4 * latents)),
    ),
  );
  const chunkRows = rowsAtATime(batch, stride, limits);
  const matrices: TrainerMatrices = {
    Y: matrix(batch, elements),
    R: matrix(batch * levelCount, elements),
    E: matrix(latents, elements),
    D: matrix(latents, elements),
    ofEncoder: matrix(latents, 2 * elements),
    ofDecoder: matrix(spec.learnsDecoder ? latents : 1, 2 * elements),
  };
  const codes = 4 * batch * slots, each = 4 * latents;
  const bytes: TrainerPlan["bytes"] = {
    A: 16 * chunkRows * stride,
    bias: 16 * stride,
    scales: 16 * stride,
    states: STATE_WORDS * each,
    ...{ levels: each, floors: each, turns: each, totals: each, usage: each },
    ...{ indices: codes, values: codes, slopes: codes, ranks: codes },
    place: 8,
    digits: 4 * 256,
    counts: sortBlocks * each,
    updates: UPDATE_WORDS * each,
    lists: 4 * listWords(latents, batch * slots).words,
    worths: 2 * each,
  };
  return {
    ...{ slots, levelCount, stride, chunkRows, sortBlocks, matrices, bytes },
    threads: threadsFor(
      stride,
      tuning.pursuitElements,
      tuning.pursuitThreads,
    ),
    needed: buffersOf({ matrices, bytes })
      .reduce((sum, buffer) => sum + buffer.bytes, 0),
  };
}

function rowsAtATime(
  batch: number,
  stride: number,
  { binding, memory }: DeviceLimits,
): number {
  const room = Math.min(binding, memory * ACTIVATION_SHARE);
  const fitting = Math.max(1, Math.floor(room / (16 * stride)));
  if (fitting >= batch) return batch;
  return fitting < CHUNK_ROWS ? fitting : fitting - fitting % CHUNK_ROWS;
}

// Every buffer, matrices by their parts, as it is allocated.
function buffersOf(
  { matrices, bytes }: Pick<TrainerPlan, "matrices" | "bytes">,
): { name: string; bytes: number }[] {
  const says = (name: string) =>
    SAYS[name as keyof typeof SAYS] ?? "codes and lists";
  const parts = Object.entries(matrices).flatMap(([name, shape]) =>
    Array.from({ length: shape.parts }, (_, part) => ({
      name: says(name),
      bytes: bufferBytes(partBytes(shape, part)),
    }))
  );
  const others = Object.entries(bytes).map(([name, bytes]) => ({
    name: says(name),
    bytes: bufferBytes(bytes),
  }));
  return [...parts, ...others];
}

function spaceProblem(
  plan: TrainerPlan,
  limits: DeviceLimits,
): string | undefined {
  const buffers = buffersOf(plan);
  if (plan.needed > limits.memory) {
    const sums = new Map<string, number>();
    for (const { name, bytes } of buffers) {
      sums.set(name, (sums.get(name) ?? 0) + bytes);
    }
    const [name, bytes] = [...sums].reduce((a, b) => b[1] > a[1] ? b : a);
    return `The device has ${
      gigabytes(limits.memory)
    } for the autoencoder's training and ${
      gigabytes(plan.needed)
    } are needed, ${gigabytes(bytes)} of them for ${name}`;
  }
  const large = buffers.reduce((a, b) => b.bytes > a.bytes ? b : a);
  if (large.bytes <= limits.binding) return undefined;
  return `One buffer may hold ${
    gigabytes(limits.binding)
  } on this device and the autoencoder's training needs ${
    gigabytes(large.bytes)
  } for ${large.name}`;
}

// Turns that the loops of one invocation take, at most: in the search for the largest, over the uses of a latent that
// all rows use, and over a row's codes.
function loopProblem(
  { batch, width, sparsity }: AutoencoderSpec,
  { threads, stride, slots, levelCount }: TrainerPlan,
  { loopBudget, rowThreads }: Tuning,
): string | undefined {
  const elements = Math.ceil(width / 4);
  const turns = Math.max(
    largestTurns({ threads, stride }, slots),
    batch,
    (levelCount + 1) * slots + elements * (1 + slots / rowThreads[0]),
  );
  return turns > loopBudget
    ? `This software driver cuts loops off before ${sparsity} active latents a row are found`
    : undefined;
}
