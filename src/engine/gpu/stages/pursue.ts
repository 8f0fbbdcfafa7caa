import mpText from "../../../../kernels/mp.wgsl" with { type: "text" };
import ompText from "../../../../kernels/omp.wgsl" with { type: "text" };
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import {
  DEPENDENT_PIVOT,
  MP_STEPS_PER_NONZERO,
  NEGLIGIBLE_CORRELATION,
} from "../../../thresholds.ts";
import { isPositive, isWeighted } from "../../dial.ts";
import type { CoderOptions } from "../../engine.ts";
import type { GpuContext } from "../context.ts";
import { type PursuitLayout, triangleBytes } from "../layout.ts";
import { threadsFor, type Tuning } from "../tuning.ts";
import {
  commonValues,
  FEWEST_LANES,
  type KernelContext,
  stageKernels,
  STORAGE_SYNC,
} from "./common.ts";
import {
  choiceOf,
  codeBuffers,
  type CodingRun,
  placeOf,
  type PursuitLimits,
  shareOut,
} from "./runs.ts";

/** Pursuits from correlations and Gram: supports, with the coefficients that come with them. */
export const PURSUE = stageKernels({
  each: ({ context, spec, plan }, group) => ({
    pursuit: plan.form === "gram"
      ? pursuitKernel(context, group, spec.coder)
      : undefined,
  }),
});

/** Elements whose barred atoms fit one word. */
const WORD_ELEMENTS = 8;

/** What float32 itself adds to a correlation's error, relative to each weight subtracted. */
const SEARCH_ROUNDING = 5e-7;

/** Candidates that a search may leave to be compared by their exact correlations. */
export const MOST_FOUND = 128;

/** Candidates that a wave compares at a time, so that their reads are in flight together. */
const COMPARED_AT_ONCE = 2;

/**
 * What of a Gram row may be left unread, relative to the greatest correlation: at first, and by what it changes after
 * a search that left fewer candidates than are worth their comparison, or more. Counted on dictionaries of 512 to
 * 4096 atoms (tasks/bench/gram_reads.ts), not timed.
 */
export const PATIENCE = {
  PATIENCE: 0.02,
  FEWFOUND: 8,
  MOREPATIENCE: 1.25,
  MANYFOUND: 32,
  LESSPATIENCE: 0.6,
};

/** Searches of a step at most, where Gram rows left unread leave too many candidates. */
const SEARCHES = 3;

/** Candidates that one invocation compares in a step, at most: 128 of them among 32 threads. */
const COMPARED = 4;

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
  return triangleBytes(sparsity) + barred +
      pursuitSharedBytes(layout.threads, sparsity) <= limits.workgroupMemory;
}

/** True where Gram rows are left unread that cannot change the choice: in an exact search by OMP, if its loops may. */
export function isPruned(
  { search, tuning }: Pick<KernelContext, "search" | "tuning">,
  method: CoderOptions["method"],
  { layout, sparsity }: { layout: PursuitLayout; sparsity: number },
): boolean {
  return method === "omp" && search !== "halves" && tuning.pruned &&
    pursuitTurns(method, layout, sparsity, true) <= tuning.loopBudget;
}

/**
 * Turns that the loops of a pursuit's invocation take for one row, at most; where it is `pruned`, a step may search
 * again.
 */
export function pursuitTurns(
  method: CoderOptions["method"],
  { threads, stride, elements }: PursuitLayout,
  sparsity: number,
  pruned = false,
): number {
  const reduction = threads / FEWEST_LANES;
  const each = Math.ceil(sparsity / threads);
  const scan = elements === 0 ? stride / threads : 0;
  if (method === "mp") {
    const step = reduction + 2 * scan + 2 * each + sparsity;
    return MP_STEPS_PER_NONZERO * sparsity * step + reduction;
  }
  const rows = sparsity / 2; // Of the support, over all steps on average.
  const choice = 2 * reduction + scan + rows * (2 + scan);
  const compared = pruned ? COMPARED * (1 + rows) : 0;
  const step = (pruned ? SEARCHES : 1) * choice + compared +
    each * (3 + 2 * rows) + rows;
  return sparsity * step + reduction; // The last search finds nothing.
}

// What a pursuit's text needs to know of the Gram that it searches.
function searchValues(
  { search, subgroups }: KernelContext,
  coder: CoderOptions,
  pruned: boolean,
) {
  const { method } = coder, weighted = isWeighted(coder);
  const positive = isPositive(coder);
  const value = method === "mp" ? "weight" : "correlation";
  const weighs = search !== "floats" || method === "omp";
  const size = positive ? `max(${value}, 0.0)` : `abs(${value})`;
  return {
    HALVES: search !== "floats",
    PRUNED: pruned,
    STALE: search !== "floats" || pruned || weighted,
    CHECKED: search === "verified" || pruned,
    WEIGHS: weighs,
    WEIGHSFIRST: weighs && !pruned,
    BARS: method !== "mp" && !pruned,
    VERIFIED: search === "verified",
    SEARCH: search === "floats" ? "G" : "H",
    POSITIVE: positive,
    WEIGHTED: weighted,
    SIZE: weighted ? `${size} * factor_of(j)` : size,
    ROUNDING: SEARCH_ROUNDING,
    SMALLEST: "1.2e-38",
    MOSTFOUND: MOST_FOUND,
    ATONCE: subgroups ? COMPARED_AT_ONCE : 1,
    ...PATIENCE,
  };
}

/** The kernel of a pursuit from a group's Gram, by OMP or MP. */
export function pursuitKernel(
  context: KernelContext,
  { gram, halves, atoms, sparsity }: {
    gram: MatrixShape;
    halves: MatrixShape;
    atoms: number;
    sparsity: number;
  },
  coder: CoderOptions,
): KernelSource {
  const { method } = coder;
  const layout = pursuitLayout(context.tuning, atoms);
  const words = Math.ceil(layout.elements / WORD_ELEMENTS);
  const scratch = !factorFits(context.limits, layout, sparsity);
  const pruned = isPruned(context, method, { layout, sparsity });
  return {
    name: method,
    text: method === "omp" ? ompText : mpText,
    values: {
      ...commonValues(context, layout.threads),
      K: sparsity,
      KT: coder.sparsity,
      M4: layout.stride,
      SCRATCHA: layout.elements === 0,
      SCRATCHM: scratch,
      BARWORDS: Math.ceil(layout.stride / 8),
      VQ: words,
      VE: words <= 1 ? layout.elements : WORD_ELEMENTS,
      SYNC: scratch ? STORAGE_SYNC : "workgroupBarrier()",
      FLOOR: NEGLIGIBLE_CORRELATION,
      PIVOT: DEPENDENT_PIVOT,
      STEPS: MP_STEPS_PER_NONZERO,
      ...searchValues(context, coder, pruned),
    },
    matrices: { G: gram, H: halves },
  };
}

/** Finds supports, with the coefficients that come with them, from a run's correlations. */
export function pursue(
  context: GpuContext,
  index: number,
  run: CodingRun,
  { most, threshold }: PursuitLimits,
): void {
  const { kernels, plan, runner, spec, kernelContext } = context;
  const { coder } = spec, group = plan.groups[index], { layout } = group;
  const scarce = layout.elements === 0 ||
    (coder.method === "omp" && group.scratchFactors);
  const pruned = isPruned(kernelContext, coder.method, group);
  const turns = pursuitTurns(coder.method, layout, most, pruned);
  runner.stage(coder.method);
  for (const share of shareOut(kernelContext.tuning, run, scarce, turns)) {
    runner.run(
      kernels.group(PURSUE, index).pursuit!,
      codeBuffers(context, index),
      {
        ...placeOf(context, index, run),
        tolerance: coder.tolerance,
        most,
        threshold,
        scratch: plan.chunkRows,
        ...choiceOf(context, index),
        begin: share.begin,
        rows: share.end,
      },
      share.groups,
    );
  }
}
