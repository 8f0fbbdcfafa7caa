import { MP_STEPS_PER_NONZERO } from "../../constants.ts";
import type { GpuContext } from "../context.ts";
import { type CodingRun, multiplyByAtoms } from "./correlate.ts";

/**
 * Finds supports and coefficients of a run of rows without a Gram: every step of the pursuit multiplies the residuals by
 * the atoms anew.
 */
export function pursueByProducts(
  context: GpuContext,
  index: number,
  { row, rows, part, offset }: CodingRun,
  most: number,
): void {
  const { buffers, kernels, plan, runner, spec } = context;
  const { coder } = spec, group = plan.groups[index];
  const pursuit = buffers.pursuit!, [residuals] = pursuit.residuals.buffers;
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
      kernels.groups[index].pursuit,
      {
        A: buffers.correlations,
        D: buffers.dictionary,
        W: pursuit.residuals,
        states: pursuit.states,
        factors: pursuit.factors,
        energies: buffers.energies,
        indices: buffers.indices,
        values: buffers.values,
      },
      {
        rows,
        row,
        slot: group.slot,
        atom: group.start,
        tolerance: coder.tolerance,
        most,
        step,
      },
      rows,
    );
  }
}
