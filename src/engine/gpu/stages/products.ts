import text from "../../../../kernels/step.wgsl" with { type: "text" };
import {
  DEPENDENT_PIVOT,
  MP_STEPS_PER_NONZERO,
  NEGLIGIBLE_CORRELATION,
} from "../../../thresholds.ts";
import { isPositive, isWeighted } from "../../dial.ts";
import { chunkShape } from "../buffer_table.ts";
import type { GpuContext } from "../context.ts";
import { rowKernel, stageKernels, STORAGE_SYNC } from "./common.ts";
import { multiplyByAtoms } from "./correlate.ts";
import {
  choiceOf,
  type CodingRun,
  placeOf,
  type PursuitLimits,
} from "./runs.ts";

/** Pursuits without a Gram: one step of all rows after the other. */
export const STEP = stageKernels({
  each: ({ context, spec, plan }, { sparsity, layout }) => ({
    step: plan.form !== "product" ? undefined : rowKernel(
      context,
      { name: "step", text },
      spec.width,
      { D: plan.dictionary, W: chunkShape(plan) },
      {
        K: sparsity,
        KT: spec.coder.sparsity,
        M4: layout.stride,
        BARWORDS: Math.ceil(layout.stride / 8),
        POSITIVE: isPositive(spec.coder),
        WEIGHTED: isWeighted(spec.coder),
        OMP: spec.coder.method === "omp",
        BARS: true,
        PRUNED: false,
        SYNC: STORAGE_SYNC,
        FLOOR: NEGLIGIBLE_CORRELATION,
        PIVOT: DEPENDENT_PIVOT,
      },
    ),
  }),
});

/**
 * Finds supports and coefficients of a run of rows without a Gram: every step of the pursuit multiplies the residuals
 * by the atoms anew.
 */
export function pursueByProducts(
  context: GpuContext,
  index: number,
  run: CodingRun,
  { most, threshold }: PursuitLimits,
): void {
  const { buffers, kernels, plan, runner, spec } = context;
  const { rows, part, offset } = run;
  const { coder } = spec, group = plan.groups[index];
  const [W] = buffers.residuals, [residuals] = W.buffers;
  const rowBytes = 16 * buffers.rows.stride;
  runner.copy(
    buffers.rows.buffers[part],
    offset * rowBytes,
    residuals,
    0,
    rows * rowBytes,
  );
  const steps = coder.method === "mp" ? MP_STEPS_PER_NONZERO * most : most;
  for (let step = 0; step < steps; step++) {
    runner.stage("correlate");
    const side = { buffer: residuals, offset: 0, rows };
    multiplyByAtoms(context, group, side, buffers.correlations, 0);
    runner.stage(coder.method);
    runner.run(
      kernels.group(STEP, index).step!,
      {
        A: buffers.correlations,
        D: buffers.dictionary,
        W,
        states: buffers.states,
        factors: buffers.factors,
        energies: buffers.energies,
        indices: buffers.indices,
        values: buffers.values,
      },
      {
        ...placeOf(context, index, run),
        rows,
        tolerance: coder.tolerance,
        most,
        threshold,
        step,
        ...choiceOf(context, index),
      },
      rows,
    );
  }
}
