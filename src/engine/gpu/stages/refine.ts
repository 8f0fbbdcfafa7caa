import text from "../../../../kernels/swap.wgsl" with { type: "text" };
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import {
  REFINEMENT_FLOOR,
  REFINEMENT_MARGIN,
  REFINEMENT_PIVOT,
} from "../../../thresholds.ts";
import type { CoderOptions } from "../../engine.ts";
import type { GpuContext } from "../context.ts";
import { triangleBytes } from "../layout.ts";
import { threadsFor, type Tuning } from "../tuning.ts";
import {
  commonValues,
  FEWEST_LANES,
  type KernelContext,
  stageKernels,
  STORAGE_SYNC,
} from "./common.ts";
import { pursuitSharedBytes } from "./pursue.ts";
import { codeBuffers, type CodingRun, placeOf, shareOut } from "./runs.ts";
import { refit } from "./solve.ts";

/** Betters supports by exchanging atoms; nothing where that is not asked for. */
export const REFINE = stageKernels({
  each: ({ context, spec: { coder } }, group) => ({
    swap: coder.refine ? swapKernel(context, group, coder) : undefined,
  }),
});

/** Elements (of four atoms) that a thread goes over at most, while threads last. */
const ELEMENTS = 4;

/** Rows of a group's width that a workgroup keeps in scratch memory while it refines: r and v of every atom. */
export const SWAP_ROWS = 2;

/** What refinement needs to know of a group: elements of a padded row of correlations, and nonzeros. */
interface Refined {
  stride: number;
  sparsity: number;
}

/** True where the inverse of a support's Gram fits the workgroup's memory. */
export function swapFits(
  tuning: Tuning,
  limits: DeviceLimits,
  { stride, sparsity }: Refined,
): boolean {
  return triangleBytes(sparsity) +
      pursuitSharedBytes(swapThreads(tuning, stride), sparsity) <=
    limits.workgroupMemory;
}

/** Turns that the loops of a refinement's invocation take for one row, at most: a swap at every visit. */
export function swapTurns(
  tuning: Tuning,
  { stride, sparsity: k }: Refined,
  passes: number,
): number {
  const threads = swapThreads(tuning, stride);
  const scan = Math.ceil(stride / threads), each = Math.ceil(k / threads);
  const reduction = threads / FEWEST_LANES;
  const project = each * (3 + k) + k;
  const begin = k * (project + each * k) + scan * (k * (k / 2 + 1) + 5) + 2 * k;
  const visit = 2 * each + scan * (k + 1) + reduction;
  const swap = project + 2 * k + 2 * scan * (k + 1) + each * (k + 1);
  return begin + passes * k * (visit + swap);
}

/** The kernel that refines the supports of a group. */
export function swapKernel(
  context: KernelContext,
  group: {
    atoms: number;
    sparsity: number;
    layout: { stride: number };
    gram: MatrixShape;
  },
  coder: CoderOptions,
): KernelSource {
  const { tuning, limits } = context;
  const { sparsity, layout: { stride } } = group;
  const scratch = !swapFits(tuning, limits, { stride, sparsity });
  return {
    name: "swap",
    text,
    values: {
      ...commonValues(context, swapThreads(tuning, stride)),
      K: sparsity,
      KT: coder.sparsity,
      M4: stride,
      ATOMS: group.atoms,
      NONNEGATIVE: coder.nonnegative,
      POSITIVE: coder.nonnegative,
      WEIGHTED: false,
      BARS: false,
      PRUNED: false,
      SCRATCHM: scratch,
      SYNC: scratch ? STORAGE_SYNC : "workgroupBarrier()",
      PIVOT: REFINEMENT_PIVOT,
      MARGIN: REFINEMENT_MARGIN,
      SHARE: REFINEMENT_FLOOR,
    },
    matrices: { G: group.gram },
  };
}

function swapThreads({ pursuitThreads }: Tuning, stride: number): number {
  return threadsFor(stride, ELEMENTS, pursuitThreads);
}

/** Betters the supports found; those of non-negative codes begin as what least squares leave of them. */
export function refineSupports(
  context: GpuContext,
  index: number,
  run: CodingRun,
): void {
  const { kernels, plan, runner, kernelContext, spec } = context;
  const { layout: { stride }, sparsity } = plan.groups[index];
  const { nonnegative, refine: passes = 0 } = spec.coder;
  if (nonnegative) refit(context, index, run, 0);
  const { tuning } = kernelContext;
  const turns = swapTurns(tuning, { stride, sparsity }, passes);
  runner.stage("refine");
  for (const share of shareOut(tuning, run, true, turns)) {
    runner.run(
      kernels.group(REFINE, index).swap!,
      codeBuffers(context, index),
      {
        ...placeOf(context, index, run),
        passes,
        scratch: plan.chunkRows,
        begin: share.begin,
        rows: share.end,
      },
      share.groups,
    );
  }
}
