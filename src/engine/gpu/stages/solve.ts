import text from "../../../../kernels/coefficients.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { EngineSpec } from "../../engine.ts";
import type { GpuContext } from "../context.ts";
import type { PlannedGroup } from "../layout.ts";
import { threadsFor } from "../tuning.ts";
import {
  commonValues,
  rowKernel,
  stageKernels,
  type StageSetup,
  STORAGE_SYNC,
} from "./common.ts";
import { codeBuffers, type CodingRun, placeOf, shareOut } from "./runs.ts";

/** Solves for the coefficients on supports already found. */
export const SOLVE = stageKernels({
  each: (setup, group) => ({
    coefficients: kernelFor(setup, group),
  }),
});

/** Least squares on a support: a direction whose pivot is under this is left out. */
const LEAST_PIVOT = 1e-6;

/** Non-negative least squares: an unknown enters where its slope is above this share of the greatest correlation. */
const LEAST_SLOPE = 1e-6;

/** Threads that solve for the coefficients of a row: at least, and at most. */
const SOLVER_THREADS = [32, 64] as const;

/** Turns that solving for the coefficients on a support takes for one row, at most. */
export function solveTurns(
  sparsity: number,
  nonnegative: boolean,
): number {
  const each = Math.ceil(sparsity / SOLVER_THREADS[0]);
  const once = sparsity * each * (sparsity / 3 + 6) + 3 * sparsity;
  return nonnegative ? (sparsity + 1) * (once + each * 2 * sparsity) : once;
}

function kernelFor(
  setup: StageSetup,
  group: PlannedGroup,
): KernelSource | undefined {
  const { form } = setup.plan;
  if (form === "correlations") return undefined;
  return form === "gram" ? fromGram(setup, group) : fromAtoms(setup, group);
}

// The kernel where a Gram is kept.
function fromGram(
  { context, spec: { coder } }: StageSetup,
  { sparsity, layout, gram, scratchFactors }: PlannedGroup,
): KernelSource {
  const threads = Math.min(
    threadsFor(sparsity, 1, SOLVER_THREADS),
    context.limits.workgroupSize,
  );
  return {
    name: "coefficients",
    text,
    values: {
      ...commonValues(context, threads),
      K: sparsity,
      KT: coder.sparsity,
      M4: layout.stride,
      NONNEGATIVE: coder.nonnegative,
      DOTS: false,
      SCRATCHM: scratchFactors,
      SYNC: scratchFactors ? STORAGE_SYNC : "workgroupBarrier()",
      PIVOT: LEAST_PIVOT,
      SLOPE: LEAST_SLOPE,
    },
    matrices: { G: gram },
  };
}

// The kernel that multiplies a support's atoms itself.
function fromAtoms(
  { context, spec: { coder, width }, plan }: StageSetup,
  { sparsity, layout }: PlannedGroup,
): KernelSource {
  return rowKernel(
    context,
    { name: "coefficients", text },
    width,
    { D: plan.dictionary },
    {
      K: sparsity,
      KT: coder.sparsity,
      M4: layout.stride,
      NONNEGATIVE: coder.nonnegative,
      DOTS: true,
      SCRATCHM: true,
      SYNC: STORAGE_SYNC,
      PIVOT: LEAST_PIVOT,
      SLOPE: LEAST_SLOPE,
    },
  );
}

/** True where coefficients are solved for after the support is known. */
export function needsCoefficients(
  { coder }: EngineSpec,
  ridge: number,
): boolean {
  if (coder.method === "mp") return ridge > 0 || coder.refit;
  const { nonnegative, refine = 0, selectionRidge = 0 } = coder;
  // With a ridge in the choice, what comes with it are no least squares.
  return ridge + selectionRidge > 0 || nonnegative || refine > 0;
}

/** Solves for the coefficients on the supports found: least squares, ridge or non-negative. */
export function refit(
  context: GpuContext,
  index: number,
  run: CodingRun,
  ridge: number,
  shrink = 0,
): void {
  const { buffers, kernels, plan, runner, kernelContext, spec } = context;
  const { scratchFactors, sparsity } = plan.groups[index];
  const turns = solveTurns(sparsity, spec.coder.nonnegative);
  const { tuning } = kernelContext;
  runner.stage("refit");
  for (const share of shareOut(tuning, run, scratchFactors, turns)) {
    runner.run(
      kernels.group(SOLVE, index).coefficients!,
      {
        ...codeBuffers(context, index),
        D: buffers.dictionary,
        products: buffers.products,
      },
      {
        ...placeOf(context, index, run),
        ridge,
        shrink,
        begin: share.begin,
        rows: share.end,
      },
      share.groups,
    );
  }
}
