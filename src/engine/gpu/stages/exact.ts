import exactText from "../../../../kernels/atom_exact.wgsl" with {
  type: "text",
};
import type { Kernel } from "../../../gpu/compile.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import {
  EXACT_CHANGE,
  EXACT_STEPS,
  VANISHING_NORM,
} from "../../../thresholds.ts";
import type { GpuContext } from "../context.ts";
import { rowKernel, type StageSetup } from "./common.ts";

/** The kernel of exact mode: power steps of one atom to convergence. */
export function exactKernel({ context, spec, plan }: StageSetup): KernelSource {
  return rowKernel(
    context,
    { name: "atomExact", text: exactText },
    spec.width,
    { R: plan.rows, D: plan.dictionary, N: plan.dictionary },
    {
      KT: spec.coder.sparsity,
      LISTKEYS: spec.atoms,
      EXACTCHANGE: EXACT_CHANGE,
      VANISHING: VANISHING_NORM,
    },
  );
}

// Exact mode's power steps in one dispatch, for atoms that as many rows may use.
function exactStepsAtOnce(
  budget: number,
  rows: number,
  elements: number,
): number {
  const turns = rows * (1 + elements / 32) + 100;
  return Math.max(1, Math.min(EXACT_STEPS, Math.floor(budget / turns)));
}

/** Turns an atom to the leading direction of its rows, in dispatches that the driver bears. */
export function turnToConvergence(
  context: GpuContext,
  kernel: Kernel,
  rows: number,
  { turn, memory }: { turn: number; memory: number },
): void {
  const { buffers, runner } = context;
  const { loopBudget } = context.kernelContext.tuning;
  const atOnce = exactStepsAtOnce(loopBudget, rows, buffers.rows.stride);
  for (let step = 0; step < EXACT_STEPS; step += atOnce) {
    runner.run(
      kernel,
      {
        R: buffers.rows,
        values: buffers.values,
        lists: buffers.atomLists,
        D: buffers.dictionary,
        N: buffers.next,
        updates: buffers.updates,
        trial: buffers.ranks,
        weights: buffers.weights,
      },
      {
        turn,
        memory,
        begin: step,
        end: Math.min(step + atOnce, EXACT_STEPS),
      },
      1,
    );
  }
}
