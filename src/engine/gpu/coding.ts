import { type Matrix, partRuns } from "../../gpu/matrix.ts";
import type { PlannedGroup } from "../../gpu/plan.ts";
import type { EngineSpec } from "../engine.ts";
import type { GpuContext } from "./context.ts";

/** A run of rows or atoms inside one buffer. */
interface Side {
  buffer: GPUBuffer;
  /** First row in the buffer. */
  offset: number;
  rows: number;
}

/** Where a product is written. */
interface Target {
  buffer: GPUBuffer;
  row: number;
  column: number;
  /** Columns to write, at least as many as there are atoms: the rest become zeros. */
  width: number;
  /** Floats from one row to the next. */
  stride: number;
}

/** G = D·Dᵀ over one group's atoms, and its copy in halves. */
export function computeGram(context: GpuContext, index: number): void {
  const { buffers, plan, runner } = context;
  const group = plan.groups[index], gram = buffers.grams[index];
  runner.stage("gram");
  for (const target of partRuns(gram, 0, group.atoms)) {
    const rows = partRuns(
      buffers.dictionary,
      group.start + target.from,
      target.rows,
    );
    for (const run of rows) {
      multiplyByAtoms(
        context,
        group,
        {
          buffer: buffers.dictionary.buffers[run.part],
          offset: run.offset,
          rows: run.rows,
        },
        gram.buffers[target.part],
        target.offset + run.from,
      );
    }
  }
  halveGram(context, index);
}

// The Gram in halves, where those are searched.
function halveGram(context: GpuContext, index: number): void {
  const { buffers, plan, runner, kernels } = context;
  const { atoms } = plan.groups[index];
  if (buffers.halves.length === 0) return;
  runner.run(
    kernels.groups[index].halve,
    {
      G: buffers.grams[index],
      H: buffers.halves[index],
      slack: buffers.slack,
    },
    { atoms },
    atoms,
  );
}

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
    correlate(context, index, run);
    pursue(context, index, run, most);
    if (needsCoefficients(context.spec, ridge)) {
      refit(context, index, run, ridge);
    }
  }
  subtractCodes(context, index, rows);
}

/** Rows that are coded together: inside one part of the matrix, and as many as the plan says. */
export interface CodingRun {
  /** First row of the sample batch. */
  row: number;
  rows: number;
  part: number;
  /** First row inside the part. */
  offset: number;
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

/** A = Y·Dᵀ for a run of rows and a group's atoms. */
export function correlate(
  context: GpuContext,
  index: number,
  { part, offset, rows }: CodingRun,
): void {
  const { buffers, plan, runner } = context;
  runner.stage("correlate");
  multiplyByAtoms(
    context,
    plan.groups[index],
    { buffer: buffers.rows.buffers[part], offset, rows },
    buffers.correlations,
    0,
  );
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

// C = X·Dᵀ for one run of rows X against all atoms of a group, whatever parts they lie in.
function multiplyByAtoms(
  context: GpuContext,
  group: PlannedGroup,
  side: Side,
  buffer: GPUBuffer,
  row: number,
): void {
  const { dictionary } = context.buffers;
  const stride = 4 * group.layout.stride;
  const runs = partRuns(dictionary, group.start, group.atoms);
  runs.forEach((atoms, i) => {
    const width = i === runs.length - 1 ? stride - atoms.from : atoms.rows;
    multiply(context, side, dictionary, atoms, {
      buffer,
      row,
      column: atoms.from,
      width,
      stride,
    });
  });
}

function multiply(
  { runner, kernels, kernelContext }: GpuContext,
  side: Side,
  dictionary: Matrix,
  atoms: { part: number; offset: number; rows: number },
  target: Target,
): void {
  const aligned = target.column % 4 === 0 && target.width % 4 === 0;
  const tile = kernelContext.tuning.product;
  runner.run(
    aligned ? kernels.product : kernels.productUnaligned,
    {
      X: side.buffer,
      Z: dictionary.buffers[atoms.part],
      C: target.buffer,
    },
    {
      rows: side.rows,
      columns: atoms.rows,
      width: target.width,
      x: side.offset,
      z: atoms.offset,
      row: target.row,
      column: target.column,
      stride: target.stride,
    },
    [
      Math.ceil(target.width / tile.columns),
      Math.ceil(side.rows / tile.rows),
    ],
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
