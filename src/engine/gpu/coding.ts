import { partRuns } from "../../gpu/matrix.ts";
import { pursuitTurns, solveTurns } from "./loops.ts";
import { isPruned } from "./stages/pursue.ts";
import { bySlices, sliceGroups } from "./stages/residual.ts";
import { swapTurns } from "./stages/refine.ts";
import type { Tuning } from "./tuning.ts";
import type { EngineSpec } from "../engine.ts";
import type { GpuContext } from "./context.ts";
import { pursueByProducts } from "./stages/products.ts";
import { type CodingRun, correlate } from "./stages/correlate.ts";

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
  shrink = 0,
): void {
  for (const run of codingRuns(context, rows)) {
    const byProducts = context.plan.form === "product";
    const solves = needsCoefficients(context.spec, ridge + shrink);
    if (byProducts) pursueByProducts(context, index, run, most);
    if (!byProducts || solves) correlate(context, index, run);
    if (!byProducts) pursue(context, index, run, most);
    if (context.spec.coder.refine) refineSupports(context, index, run);
    if (solves) refit(context, index, run, ridge, shrink);
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
  const { buffers, plan, runner, kernels, kernelContext, spec } = context;
  const sliced = bySlices(kernelContext);
  const { blocks, groups } = sliced
    ? sliceGroups(kernelContext, spec.width, rows)
    : { blocks: 0, groups: rows };
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
    { rows, slot: plan.groups[index].slot, blocks },
    groups,
  );
  if (sliced) sumEnergies(context, rows);
}

/** ‖r‖² of each row. */
export function sumEnergies(
  { buffers, runner, kernels }: GpuContext,
  rows: number,
): void {
  runner.run(
    kernels.energy,
    { R: buffers.rows, energies: buffers.energies },
    { rows },
    rows,
  );
}

/** True where coefficients are solved for after the support is known. */
export function needsCoefficients(
  { coder }: EngineSpec,
  ridge: number,
): boolean {
  if (coder.method === "mp") return ridge > 0 || coder.refit;
  return ridge > 0 || coder.nonnegative || (coder.refine ?? 0) > 0;
}

/** Finds supports, with the coefficients that come with them, from a run's correlations. */
export function pursue(
  context: GpuContext,
  index: number,
  run: CodingRun,
  most: number,
): void {
  const { buffers, kernels, plan, runner, spec, kernelContext } = context;
  const { coder } = spec, group = plan.groups[index];
  const { scratch, layout } = group;
  const scarce = layout.elements === 0 ||
    (coder.method === "omp" && scratch.factors > 0);
  const bound = {
    ...codeBuffers(context, index),
    energies: buffers.energies,
  };
  const pruned = isPruned(kernelContext, coder.method, group);
  const turns = pursuitTurns(coder.method, layout, most, pruned);
  runner.stage(coder.method);
  for (const share of shareOut(kernelContext.tuning, run, scarce, turns)) {
    const { tolerance } = coder, place = placeOf(context, index, run);
    runner.run(
      kernels.groups[index].pursuit,
      bound,
      {
        ...place,
        tolerance,
        most,
        scratch: plan.chunkRows,
        begin: share.begin,
        rows: share.end,
      },
      share.groups,
    );
  }
}

/** Betters the supports found; those of non-negative codes begin as what least squares leave of them. */
export function refineSupports(
  context: GpuContext,
  index: number,
  run: CodingRun,
): void {
  const { buffers, kernels, plan, runner, kernelContext, spec } = context;
  const { layout: { stride }, sparsity } = plan.groups[index];
  const { nonnegative, refine: passes = 0 } = spec.coder;
  if (nonnegative) refit(context, index, run, 0);
  const { tuning } = kernelContext;
  const turns = swapTurns(tuning, { stride, sparsity }, passes);
  const bound = {
    ...codeBuffers(context, index),
    energies: buffers.energies,
  };
  runner.stage("refine");
  for (const share of shareOut(tuning, run, true, turns)) {
    runner.run(
      kernels.groups[index].swap!,
      bound,
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

/** Solves for the coefficients on the supports found: least squares, ridge or non-negative. */
export function refit(
  context: GpuContext,
  index: number,
  run: CodingRun,
  ridge: number,
  shrink = 0,
): void {
  const { kernels, plan, runner, kernelContext, spec } = context;
  const { scratch, sparsity } = plan.groups[index];
  const turns = solveTurns(sparsity, spec.coder.nonnegative);
  const scarce = scratch.factors > 0;
  runner.stage("refit");
  for (const share of shareOut(kernelContext.tuning, run, scarce, turns)) {
    runner.run(
      kernels.groups[index].coefficients,
      codeBuffers(context, index),
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

/** Rows begin ≤ row < end of a run that one dispatch works on, by so many workgroups. */
interface Share {
  begin: number;
  end: number;
  groups: number;
}

// One workgroup a row; where scratch memory is scarce, a fixed number that take rows in turn, as many as loops may take.
function shareOut(
  { scratchWorkers, loopBudget }: Tuning,
  { rows }: CodingRun,
  scarce: boolean,
  turns: number,
): Share[] {
  if (!scarce) return [{ begin: 0, end: rows, groups: rows }];
  const each = Math.max(1, Math.floor(loopBudget / turns));
  const most = Math.min(rows, scratchWorkers * each);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    const begin = i * most, end = Math.min(begin + most, rows);
    return { begin, end, groups: Math.min(scratchWorkers, end - begin) };
  });
}

function codeBuffers({ buffers }: GpuContext, index: number) {
  return {
    A: buffers.correlations,
    G: buffers.grams[index],
    H: buffers.halves[index],
    bounds: buffers.bounds,
    indices: buffers.indices,
    values: buffers.values,
    factors: buffers.factors,
    D: buffers.dictionary,
    products: buffers.pursuit?.products,
  };
}

function placeOf(
  { plan }: GpuContext,
  index: number,
  { row }: CodingRun,
) {
  const { slot, start } = plan.groups[index];
  return { row, slot, atom: start };
}
