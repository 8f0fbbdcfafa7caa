import text from "../../../../kernels/largest.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import { NEGLIGIBLE_CORRELATION } from "../../../thresholds.ts";
import { isPositive } from "../../dial.ts";
import type { GpuContext } from "../context.ts";
import type { PursuitLayout } from "../layout.ts";
import {
  commonValues,
  FEWEST_LANES,
  type KernelContext,
  stageKernels,
} from "./common.ts";
import { correlate } from "./correlate.ts";
import { codingRuns, placeOf } from "./runs.ts";

/** The largest correlations of rows, as they are. */
export const LARGEST = stageKernels({
  each: ({ context, spec: { coder }, plan }, { sparsity, layout }) => ({
    largest: plan.form !== "correlations"
      ? undefined
      : largestKernel(context, layout, {
        K: sparsity,
        KT: coder.sparsity,
        POSITIVE: isPositive(coder),
        BIASED: false,
      }),
  }),
});

/**
 * The kernel that finds the largest correlations of rows, or (BIASED) an autoencoder's largest pre-activations, or
 * (SCALED) those largest beside their thresholds.
 */
export function largestKernel(
  context: KernelContext,
  { threads, stride }: Pick<PursuitLayout, "threads" | "stride">,
  values: {
    K: number;
    KT: number;
    POSITIVE: boolean;
    BIASED: boolean;
    SCALED?: boolean;
  },
): KernelSource {
  return {
    name: "largest",
    text,
    values: {
      ...commonValues(context, threads),
      ...{ SCALED: false, ...values },
      M4: stride,
      FLOOR: NEGLIGIBLE_CORRELATION,
    },
  };
}

/** Turns that the loops of an invocation take for one row, at most. */
export function largestTurns(
  { threads, stride }: Pick<PursuitLayout, "threads" | "stride">,
  sparsity: number,
): number {
  return sparsity * (stride / threads + threads / FEWEST_LANES);
}

/** Correlates rows of the sample batch with a group's atoms and keeps the largest; the rows stay as they are. */
export function takeLargest(
  context: GpuContext,
  index: number,
  rows: number,
): void {
  const { buffers, kernels, runner } = context;
  const { correlations: A, energies, indices, values } = buffers;
  for (const run of codingRuns(context, rows)) {
    correlate(context, index, run);
    runner.stage("correlations");
    runner.run(
      kernels.group(LARGEST, index).largest!,
      { A, energies, indices, values },
      { ...placeOf(context, index, run), rows: run.rows },
      run.rows,
    );
  }
}
