import type { EngineSpec } from "../../engine.ts";
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import {
  commonValues,
  flatKernel,
  type KernelContext,
  rowKernel,
} from "./common.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import { pursuitTurns } from "../loops.ts";
import { kernelTexts } from "../sources.ts";
import type { TemplateValues } from "../../../gpu/template.ts";
import { threadsFor, type Tuning } from "../tuning.ts";

/** Elements whose barred atoms fit one word. */
const WORD_ELEMENTS = 8;

/** Least squares on a support: a direction whose pivot is under this is left out. */
const LEAST_PIVOT = 1e-6;

/** What float32 itself adds to a correlation's error, relative to each weight subtracted. */
const SEARCH_ROUNDING = 5e-7;

/** Candidates that a search may leave to be compared by their exact correlations. */
export const MOST_FOUND = 128;

/** Candidates that a wave compares at a time, so that their reads are in flight together. */
const COMPARED_AT_ONCE = 2;

/**
 * What of a Gram row may be left unread, relative to the greatest correlation: at first, and by what it changes after a
 * search that left fewer candidates than are worth their comparison, or more. Counted on dictionaries of 512 to 4096 atoms
 * (tasks/bench/gram_reads.ts), not timed.
 */
export const PATIENCE = {
  PATIENCE: 0.02,
  FEWFOUND: 8,
  MOREPATIENCE: 1.25,
  MANYFOUND: 32,
  LESSPATIENCE: 0.6,
};

/** Non-negative least squares: an unknown enters where its slope is above this share of the greatest correlation. */
const LEAST_SLOPE = 1e-6;

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

/** Workgroup memory that a pursuit needs beside its triangle. */
export function pursuitSharedBytes(threads: number, sparsity: number): number {
  return 8 * threads + 32 * sparsity + 4 * MOST_FOUND + 64;
}

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

/** True where Gram rows are left unread that cannot change the choice: in an exact search by OMP, if its loops may. */
export function isPruned(
  { search, tuning }: Pick<KernelContext, "search" | "tuning">,
  method: "omp" | "mp",
  { layout, sparsity }: { layout: PursuitLayout; sparsity: number },
): boolean {
  return method === "omp" && search !== "halves" && tuning.pruned &&
    pursuitTurns(method, layout, sparsity, true) <= tuning.loopBudget;
}

// What a pursuit's text needs to know of the Gram that it searches.
function searchValues(
  { search, subgroups }: KernelContext,
  name: string,
  nonnegative: boolean,
  pruned: boolean,
): TemplateValues {
  const value = name === "mp" ? "weight" : "correlation";
  const weighs = search !== "floats" || name === "omp";
  return {
    HALVES: search !== "floats",
    PRUNED: pruned,
    STALE: search !== "floats" || pruned,
    CHECKED: search === "verified" || pruned,
    WEIGHS: weighs,
    WEIGHSFIRST: weighs && !pruned,
    BARS: name !== "mp" && !pruned,
    VERIFIED: search === "verified",
    SEARCH: search === "floats" ? "G" : "H",
    SIZE: nonnegative ? `max(${value}, 0.0)` : `abs(${value})`,
    ROUNDING: SEARCH_ROUNDING,
    SMALLEST: "1.2e-38",
    MOSTFOUND: MOST_FOUND,
    ATONCE: subgroups ? COMPARED_AT_ONCE : 1,
    ...PATIENCE,
  };
}

/** The kernel that copies a Gram in halves and bounds what a search is off by; `undefined` where it needs neither. */
export function boundsKernel(
  context: KernelContext,
  { gram, halves, layout, sparsity }: {
    gram: MatrixShape;
    halves: MatrixShape;
    layout: PursuitLayout;
    sparsity: number;
  },
  method: "omp" | "mp",
): KernelSource | undefined {
  const HALVES = context.search !== "floats";
  const PRUNED = isPruned(context, method, { layout, sparsity });
  if (!HALVES && !PRUNED) return undefined;
  const values = { M4: layout.stride, HALVES, PRUNED };
  return flatKernel(context, "bounds", values, { G: gram, H: halves });
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
  const pruned = name === "omp" &&
    isPruned(context, name, { layout, sparsity: group.sparsity });
  const threads = name === "coefficients"
    ? Math.min(
      threadsFor(group.sparsity, 1, [32, 64]),
      context.limits.workgroupSize,
    )
    : layout.threads;
  const values = {
    ...commonValues(context, threads),
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
    ...searchValues(context, name, coder.nonnegative, pruned),
    ...(name === "coefficients" ? { PIVOT: LEAST_PIVOT } : {}),
  };
  return {
    name,
    text: kernelTexts[name],
    values,
    matrices: { G: gram, H: halves },
  };
}

/** Words of a row's state in a pursuit by products: ‖r‖², the atoms so far, a bit for each atom that is barred. */
export function stepStateWords(stride: number): number {
  return 2 + Math.ceil(stride / 8);
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
