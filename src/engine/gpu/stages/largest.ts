import text from "../../../../kernels/largest.wgsl" with { type: "text" };
import { NEGLIGIBLE_CORRELATION } from "../../../thresholds.ts";
import { isPositive } from "../../dial.ts";
import type { GpuContext } from "../context.ts";
import type { PursuitLayout } from "../layout.ts";
import { commonValues, FEWEST_LANES, stageKernels } from "./common.ts";
import { correlate } from "./correlate.ts";
import { codingRuns, placeOf } from "./runs.ts";

/** The largest correlations of rows, as they are. */
export const LARGEST = stageKernels({
  each: ({ context, spec: { coder }, plan }, { sparsity, layout }) => ({
    largest: plan.form !== "correlations" ? undefined : {
      name: "largest",
      text,
      values: {
        ...commonValues(context, layout.threads),
        K: sparsity,
        KT: coder.sparsity,
        M4: layout.stride,
        POSITIVE: isPositive(coder),
        FLOOR: NEGLIGIBLE_CORRELATION,
      },
      matrices: {},
    },
  }),
});

/** Turns that the loops of an invocation take for one row, at most. */
export function largestTurns(
  { threads, stride }: PursuitLayout,
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
