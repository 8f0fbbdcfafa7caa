import {
  DEPENDENT_PIVOT,
  DUPLICATE_COHERENCE,
  EXACT_CHANGE,
  EXACT_STEPS,
  MP_STEPS_PER_NONZERO,
  NEGLIGIBLE_CORRELATION,
  VANISHING_NORM,
} from "../engine/constants.ts";
import type { EngineSpec } from "../engine/engine.ts";
import type { DeviceLimits } from "./device.ts";
import type { KernelSource } from "./kernel.ts";
import type { MatrixShape } from "./matrix.ts";
import { kernelTexts } from "./sources.ts";
import type { TemplateValues } from "./template.ts";
import {
  type GramSearch,
  reductionHalf,
  threadsFor,
  type Tuning,
} from "./tuning.ts";

/** What the kernels of one engine have in common. */
export interface KernelContext {
  tuning: Tuning;
  search: GramSearch;
  limits: DeviceLimits;
  subgroups: boolean;
}

/** Entries of an atom's list that one workgroup sums: part of the result's rounding, so the same on every adapter. */
export const LIST_PIECE = 128;

/** Elements whose barred atoms fit one word. */
const WORD_ELEMENTS = 8;

/** Least squares on a support: a direction whose pivot is under this is left out. */
const LEAST_PIVOT = 1e-6;

/** What float32 itself adds to a correlation's error, relative to each weight subtracted. */
const SEARCH_ROUNDING = 5e-7;

/** Non-negative least squares: an unknown enters where its slope is above this share of the greatest correlation. */
const LEAST_SLOPE = 1e-6;

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
function common(context: KernelContext, threads: number): TemplateValues {
  return {
    ...CONSTANTS,
    WG: threads,
    WGHALF: reductionHalf(threads),
    SUBGROUPS: context.subgroups,
    SYNC: "workgroupBarrier()",
  };
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
    values: { ...common(context, threads), ...values },
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
      ...common(context, threads),
      N: width,
      N4: elements,
      V: Math.ceil(elements / threads),
      ...values,
    },
    matrices,
  };
}

/** The matrix product's kernel; `aligned` where every column it writes at is a multiple of 4. */
export function productKernel(
  context: KernelContext,
  width: number,
  aligned: boolean,
): KernelSource {
  const { rows, columns, depth, threadRows, threadColumns } =
    context.tuning.product;
  const threads = (rows / threadRows) * (columns / threadColumns);
  return {
    name: "product",
    text: kernelTexts.product,
    values: {
      N4: Math.ceil(width / 4),
      BM: rows,
      BN: columns,
      BK: depth,
      KV: depth / 4,
      KPAD: depth + 1,
      THREADS: threads,
      XLOADS: (rows * depth) / 4 / threads,
      ZLOADS: (columns * depth) / 4 / threads,
      XGROUPS: rows / 4,
      ZGROUPS: columns / 4,
      XGAP: rows / threadRows,
      ZGAP: columns / threadColumns,
      ACROSS: columns / threadColumns,
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

/** How a pursuit over m atoms is laid out. */
export interface PursuitLayout {
  threads: number;
  /** Elements (of four) of a padded row of correlations. */
  stride: number;
  /** Elements a thread holds in registers; 0 where correlations go through scratch memory. */
  elements: number;
}

/** Chooses threads and padding for a pursuit over m atoms. */
export function pursuitLayout(tuning: Tuning, atoms: number): PursuitLayout {
  const elements = Math.ceil(atoms / 4);
  const threads = threadsFor(
    elements,
    tuning.pursuitElements,
    tuning.pursuitThreads,
  );
  const least = Math.ceil(elements / threads);
  const each = least <= WORD_ELEMENTS
    ? least
    : WORD_ELEMENTS * Math.ceil(least / WORD_ELEMENTS);
  return {
    threads,
    stride: each * threads,
    elements: each <= tuning.pursuitElements ? each : 0,
  };
}

/** Workgroup memory that a pursuit needs beside M. */
const pursuitSharedBytes = (threads: number, sparsity: number) =>
  8 * threads + 24 * sparsity + 64;

/** True where the triangular factor of k atoms fits the workgroup's memory. */
export function factorFits(
  limits: DeviceLimits,
  layout: PursuitLayout,
  sparsity: number,
): boolean {
  const barred = layout.elements === 0 ? layout.stride / 2 + 4 : 0;
  return 2 * sparsity * (sparsity + 1) + barred +
      pursuitSharedBytes(layout.threads, sparsity) <= limits.workgroupMemory;
}

// What a pursuit's text needs to know of the Gram that it searches.
function searchValues(
  search: GramSearch,
  name: string,
  nonnegative: boolean,
): TemplateValues {
  const value = name === "mp" ? "weight" : "correlation";
  return {
    HALVES: search !== "floats",
    VERIFIED: search === "verified",
    SEARCH: search === "floats" ? "G" : "H",
    SIZE: nonnegative ? `max(${value}, 0.0)` : `abs(${value})`,
    REPEAT: name === "mp" ? "turn--; continue;" : "continue;",
    ROUNDING: SEARCH_ROUNDING,
  };
}

/** A pursuit's kernel: `omp`, `mp` or the coefficients after them. */
export function pursuitKernel(
  context: KernelContext,
  name: "omp" | "mp" | "coefficients",
  { gram, halves, ...group }: {
    gram: MatrixShape;
    halves: MatrixShape;
    atoms: number;
    sparsity: number;
  },
  coder: { sparsity: number; nonnegative: boolean },
): KernelSource {
  const layout = pursuitLayout(context.tuning, group.atoms);
  const words = Math.ceil(layout.elements / WORD_ELEMENTS);
  const scratchFactor = !factorFits(context.limits, layout, group.sparsity);
  const threads = name === "coefficients"
    ? Math.min(
      threadsFor(group.sparsity, 1, [32, 64]),
      context.limits.workgroupSize,
    )
    : layout.threads;
  const values = {
    ...common(context, threads),
    K: group.sparsity,
    KT: coder.sparsity,
    M4: layout.stride,
    NONNEGATIVE: coder.nonnegative,
    SCRATCHA: layout.elements === 0,
    SCRATCHM: scratchFactor,
    BARWORDS: Math.ceil(layout.stride / 8),
    VQ: words,
    VE: words <= 1 ? layout.elements : WORD_ELEMENTS,
    SYNC: scratchFactor
      ? "storageBarrier(); workgroupBarrier()"
      : "workgroupBarrier()",
    SLOPE: LEAST_SLOPE,
    DOTS: false,
    ...searchValues(context.search, name, coder.nonnegative),
    ...(name === "coefficients" ? { PIVOT: LEAST_PIVOT } : {}),
  };
  return {
    name,
    text: kernelTexts[name],
    values,
    matrices: { G: gram, H: halves },
  };
}

/** The kernels of a pursuit by products: `step`, and the coefficients after it. */
export function productFormKernel(
  context: KernelContext,
  name: "step" | "coefficients",
  shapes: { dictionary: MatrixShape; residuals: MatrixShape },
  group: { atoms: number; sparsity: number; layout: PursuitLayout },
  spec: EngineSpec,
): KernelSource {
  const { coder, width } = spec;
  const matrices = { D: shapes.dictionary, W: shapes.residuals };
  return rowKernel(context, name, width, matrices, {
    K: group.sparsity,
    KT: coder.sparsity,
    M4: group.layout.stride,
    BARWORDS: Math.ceil(group.layout.stride / 8),
    NONNEGATIVE: coder.nonnegative,
    OMP: coder.method === "omp",
    SCRATCHA: false,
    SCRATCHM: true,
    DOTS: true,
    SYNC: "storageBarrier(); workgroupBarrier()",
    SLOPE: LEAST_SLOPE,
    ...(name === "coefficients" ? { PIVOT: LEAST_PIVOT } : {}),
  });
}

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
      ...common(context, threads),
      ...values,
      KEYS: localKeys(context.limits, values.BATCHES ? 8 : 4),
      ...(values.LOCAL ? {} : { SYNC: "storageBarrier(); workgroupBarrier()" }),
    },
  };
}
