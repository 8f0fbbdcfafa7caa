import {
  DEPENDENT_PIVOT,
  DUPLICATE_COHERENCE,
  EXACT_CHANGE,
  EXACT_STEPS,
  MP_STEPS_PER_NONZERO,
  NEGLIGIBLE_CORRELATION,
  VANISHING_NORM,
} from "../../constants.ts";
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import { kernelTexts } from "../sources.ts";
import type { TemplateValues } from "../../../gpu/template.ts";
import {
  type GramSearch,
  reductionHalf,
  threadsFor,
  type Tuning,
} from "../tuning.ts";

/** What the kernels of one engine have in common. */
export interface KernelContext {
  tuning: Tuning;
  search: GramSearch;
  limits: DeviceLimits;
  subgroups: boolean;
  /** Threads of a subgroup, where all have as many. */
  lanes?: number;
}

/** Entries of an atom's list that one workgroup sums: part of the result's rounding, so the same on every adapter. */
export const LIST_PIECE = 64;

const CONSTANTS: TemplateValues = {
  COHERENCE: DUPLICATE_COHERENCE,
  EXACTCHANGE: EXACT_CHANGE,
  EXACTSTEPS: EXACT_STEPS,
  FLOOR: NEGLIGIBLE_CORRELATION,
  PIVOT: DEPENDENT_PIVOT,
  STEPS: MP_STEPS_PER_NONZERO,
  VANISHING: VANISHING_NORM,
  PIECE: LIST_PIECE,
};

type KernelName = keyof typeof kernelTexts;

/** Values that every kernel takes: threads, reductions and shared thresholds. */
export function commonValues(
  context: KernelContext,
  threads: number,
): TemplateValues {
  return {
    ...CONSTANTS,
    WG: threads,
    WGHALF: reductionHalf(threads),
    ...waveValues(context, threads),
    BARS: true,
    PRUNED: false,
    SYNC: "workgroupBarrier()",
  };
}

/** Fewest lanes that a subgroup can have. */
export const FEWEST_LANES = 4;

// How a workgroup's threads fall into subgroups: WAVES of them, 0 where that is not known beforehand, PARTS at most.
function waveValues(
  { subgroups, lanes }: KernelContext,
  threads: number,
): TemplateValues {
  const even = lanes !== undefined && threads % lanes === 0;
  const waves = even ? threads / lanes : 0;
  return {
    SUBGROUPS: subgroups,
    WAVES: waves,
    PARTS: waves || Math.ceil(threads / FEWEST_LANES),
  };
}

/** Words of a buffer of lists: where `keys` keys' lists and pieces begin (see kernels/lib/lists.wgsl), then the entries. */
export function listWords(
  keys: number,
  entries: number,
): { entriesAt: number; words: number } {
  const entriesAt = 2 * (keys + 1);
  return { entriesAt, words: entriesAt + entries };
}

/** A kernel whose threads share flat work, such as one for each slot. */
export function flatKernel(
  context: KernelContext,
  name: KernelName,
  values: TemplateValues = {},
  matrices: Record<string, MatrixShape> = {},
): KernelSource & { threads: number } {
  const threads = Math.min(
    name === "starts" ? 256 : 64,
    context.limits.workgroupSize,
  );
  return {
    name,
    text: kernelTexts[name],
    values: { ...commonValues(context, threads), ...values },
    matrices,
    threads,
  };
}

/** A kernel whose workgroups each work on rows of n4 elements. */
export function rowKernel(
  context: KernelContext,
  name: KernelName,
  width: number,
  matrices: Record<string, MatrixShape>,
  values: TemplateValues = {},
): KernelSource {
  const { tuning } = context, elements = Math.ceil(width / 4);
  const threads = threadsFor(elements, tuning.rowElements, tuning.rowThreads);
  return {
    name,
    text: kernelTexts[name],
    values: {
      ...commonValues(context, threads),
      N: width,
      N4: elements,
      V: Math.ceil(elements / threads),
      ...values,
    },
    matrices,
  };
}

/**
 * The matrix product's kernel; `aligned` where every column it writes at is a multiple of 4. A tile's sizes are powers of two,
 * and two threads at least lie down it.
 */
export function productKernel(
  context: KernelContext,
  width: number,
  aligned: boolean,
): KernelSource {
  const { rows, columns, depth, threadRows, threadColumns } =
    context.tuning.product;
  const down = rows / threadRows, across = columns / threadColumns;
  const threads = down * across, pass = threads / depth;
  return {
    name: "product",
    text: kernelTexts.product,
    values: {
      N4: Math.ceil(width / 4),
      BM: rows,
      BN: columns,
      BK: depth,
      KV: depth / 4,
      WHOLE: Math.ceil(width / 4) % (depth / 4) === 0,
      KPAD: depth + 1,
      THREADS: threads,
      XLOADS: (rows * depth) / 4 / threads,
      ZLOADS: (columns * depth) / 4 / threads,
      XGROUPS: rows / 4,
      ZGROUPS: columns / 4,
      DOWN: down,
      ACROSS: across,
      PASS: pass,
      XSHELF: Math.min(down, pass),
      ZSHELF: Math.min(across, pass),
      XSET: Math.max(down, pass),
      ZSET: Math.max(across, pass),
      TMQ: threadRows / 4,
      TNQ: threadColumns / 4,
      ALIGNED: aligned,
      CELEMENT: aligned ? "vec4<f32>" : "f32",
    },
  };
}

/** What completes a Gram of which half was computed. */
export function mirrorKernel(): KernelSource {
  return { name: "mirror", text: kernelTexts.mirror, values: {} };
}

/** Atoms along a side of the tiles that {@linkcode mirrorKernel} works on. */
export const MIRROR_SIDE = 32;

/** Most keys that the counting sort tallies in workgroup memory. */
export function localKeys(limits: DeviceLimits, perKey: number): number {
  return Math.floor(Math.min(limits.workgroupMemory, 32768) / perKey);
}

/** The counting sort's first kernel, by atom or by atom batch, with its tallies in workgroup memory or in the buffer. */
export function countKernel(
  context: KernelContext,
  values: { K: number; KT: number; BATCHES: boolean; LOCAL: boolean },
): KernelSource {
  const threads = Math.min(
    threadsFor(values.K, 1, [32, 256]),
    context.limits.workgroupSize,
  );
  return {
    name: "count",
    text: kernelTexts.count,
    values: {
      ...commonValues(context, threads),
      ...values,
      KEYS: localKeys(context.limits, values.BATCHES ? 8 : 4),
      ...(values.LOCAL ? {} : { SYNC: "storageBarrier(); workgroupBarrier()" }),
    },
  };
}
