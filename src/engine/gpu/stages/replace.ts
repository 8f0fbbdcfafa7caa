import replaceText from "../../../../kernels/replace.wgsl" with {
  type: "text",
};
import worstText from "../../../../kernels/worst.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import { VANISHING_NORM } from "../../../thresholds.ts";
import type { GpuContext } from "../context.ts";
import {
  flatKernel,
  flatThreads,
  type KernelContext,
  rowKernel,
  stageKernels,
} from "./common.ts";

/** Replaces atoms by the residuals of the worst rows. */
export const REPLACE = stageKernels({
  shared: ({ context, spec, plan }) => ({
    worst: worstKernel(context),
    replace: rowKernel(
      context,
      { name: "replace", text: replaceText },
      spec.width,
      { R: plan.rows, D: plan.dictionary },
      { VANISHING: VANISHING_NORM },
    ),
  }),
});

/** The kernel that orders the rows of greatest ‖r‖². */
export function worstKernel(context: KernelContext): KernelSource {
  return flatKernel(context, { name: "worst", text: worstText });
}

/** Finds the rows of greatest ‖r‖², worst first. */
export function orderWorst(
  { runner, kernels, kernelContext, buffers }: GpuContext,
  rows: number,
  wanted: number,
): void {
  const { energies, worst } = buffers;
  runner.stage("replace");
  runner.run(
    kernels.shared(REPLACE).worst,
    { energies, worst },
    { rows, wanted },
    Math.ceil(rows / flatThreads(kernelContext)),
  );
}

/** Puts the normalised residuals of the worst rows in the place of `atoms` in the dictionary being made. */
export function replaceAtoms(
  context: GpuContext,
  rows: number,
  atoms: Uint32Array,
): void {
  if (atoms.length === 0) return;
  const { runner, kernels, buffers } = context;
  const count = Math.min(atoms.length, rows);
  const { energies, worst } = buffers;
  orderWorst(context, rows, count);
  runner.run(
    kernels.shared(REPLACE).replace,
    {
      R: buffers.rows,
      energies,
      worst,
      atoms: buffers.replaced,
      D: buffers.next,
      weights: buffers.weights,
    },
    { count, all: atoms.length },
    atoms.length,
  );
}
