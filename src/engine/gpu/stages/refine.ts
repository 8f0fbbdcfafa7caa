import {
  REFINEMENT_FLOOR,
  REFINEMENT_MARGIN,
  REFINEMENT_PIVOT,
} from "../../constants.ts";
import type { CoderOptions } from "../../engine.ts";
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import { commonValues, FEWEST_LANES, type KernelContext } from "./common.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import { pursuitSharedBytes } from "./pursue.ts";
import { kernelTexts } from "../sources.ts";
import { threadsFor, type Tuning } from "../tuning.ts";

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
  return 2 * sparsity * (sparsity + 1) +
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
    text: kernelTexts.swap,
    values: {
      ...commonValues(context, swapThreads(tuning, stride)),
      K: sparsity,
      KT: coder.sparsity,
      M4: stride,
      ATOMS: group.atoms,
      NONNEGATIVE: coder.nonnegative,
      BARS: false,
      SCRATCHM: scratch,
      SYNC: scratch
        ? "storageBarrier(); workgroupBarrier()"
        : "workgroupBarrier()",
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
