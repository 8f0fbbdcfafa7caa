import { partRuns } from "../../gpu/matrix.ts";
import type { EngineSpec } from "../engine.ts";
import type { GpuContext } from "./context.ts";
import { pursueByProducts } from "./product_form.ts";
import { type CodingRun, correlate } from "./products.ts";

/**
 * Codes rows of the sample batch over one group: correlations and pursuit, as many rows at a time as the plan says, then
 * the residual R ← R − X·D of all of them.
 *
 * @param most nonzeros a row, the group's own number at most
 */
export function codeGroup(
  context: GpuContext,
  index: number,
  rows: number,
  ridge: number,
  most: number = context.plan.groups[index].sparsity,
): void {
  for (const run of codingRuns(context, rows)) {
    const byProducts = context.plan.form === "product";
    const solves = needsCoefficients(context.spec, ridge);
    if (byProducts) pursueByProducts(context, index, run, most);
    if (!byProducts || solves) correlate(context, index, run);
    if (!byProducts) pursue(context, index, run, most);
    if (solves) refit(context, index, run, ridge);
  }
  subtractCodes(context, index, rows);
}

/** Cuts the sample batch into runs whose correlations fit. */
export function codingRuns(
  { buffers, plan }: GpuContext,
  rows: number,
): CodingRun[] {
  const runs: CodingRun[] = [];
  for (let first = 0; first < rows; first += plan.chunkRows) {
    const chunk = Math.min(plan.chunkRows, rows - first);
    for (const run of partRuns(buffers.rows, first, chunk)) {
      const { part, offset } = run;
      runs.push({ row: first + run.from, rows: run.rows, part, offset });
    }
  }
  return runs;
}

/** R ← R − X·D over one group, with ‖r‖² of each row. */
export function subtractCodes(
  context: GpuContext,
  index: number,
  rows: number,
): void {
  const { buffers, plan, runner, kernels } = context;
  runner.stage("residual");
  runner.run(
    kernels.groups[index].residual,
    {
      indices: buffers.indices,
      values: buffers.values,
      D: buffers.dictionary,
      R: buffers.rows,
      energies: buffers.energies,
    },
    { rows, slot: plan.groups[index].slot },
    rows,
  );
}

/** True where coefficients are solved for after the support is known. */
export function needsCoefficients(
  { coder }: EngineSpec,
  ridge: number,
): boolean {
  const nonnegative = coder.nonnegative && coder.method === "omp";
  return ridge > 0 || coder.refit || nonnegative;
}

/** Finds supports, with the coefficients that come with them, from a run's correlations. */
export function pursue(
  context: GpuContext,
  index: number,
  run: CodingRun,
  most: number,
): void {
  const { buffers, kernels, plan, runner, spec, kernelContext } = context;
  const { coder } = spec, { scratch } = plan.groups[index];
  const scarce = scratch.correlations > 0 ||
    (coder.method === "omp" && scratch.factors > 0);
  runner.stage(coder.method);
  runner.run(
    kernels.groups[index].pursuit,
    {
      ...codeBuffers(context, index),
      energies: index === 0 ? buffers.wholes : buffers.energies,
      wholes: buffers.wholes,
    },
    { ...placeOf(context, index, run), tolerance: coder.tolerance, most },
    scarce ? Math.min(kernelContext.tuning.scratchWorkers, run.rows) : run.rows,
  );
}

/** Solves for the coefficients on the supports found: least squares, ridge or non-negative. */
export function refit(
  context: GpuContext,
  index: number,
  run: CodingRun,
  ridge: number,
): void {
  const { kernels, plan, runner, kernelContext } = context;
  const { scratch } = plan.groups[index];
  runner.stage("refit");
  runner.run(
    kernels.groups[index].coefficients,
    codeBuffers(context, index),
    { ...placeOf(context, index, run), ridge },
    scratch.factors > 0
      ? Math.min(kernelContext.tuning.scratchWorkers, run.rows)
      : run.rows,
  );
}

function codeBuffers({ buffers }: GpuContext, index: number) {
  return {
    A: buffers.correlations,
    G: buffers.grams[index],
    H: buffers.halves[index],
    slack: buffers.slack,
    indices: buffers.indices,
    values: buffers.values,
    work: buffers.scratch.correlations,
    factors: buffers.scratch.factors,
    D: buffers.dictionary,
    products: buffers.pursuit?.products,
  };
}

function placeOf(
  { plan }: GpuContext,
  index: number,
  { row, rows }: CodingRun,
) {
  const { slot, start } = plan.groups[index];
  return { rows, row, slot, atom: start };
}
