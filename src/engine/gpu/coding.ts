import { type Matrix, partRuns } from "../../gpu/matrix.ts";
import type { PlannedGroup } from "../../gpu/plan.ts";
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

/** G = D·Dᵀ over one group's atoms. */
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
}

/**
 * Codes rows of the sample batch over one group: correlations and pursuit, as many rows at a time as the plan says, then
 * the residual R ← R − X·D of all of them.
 */
export function codeGroup(
  context: GpuContext,
  index: number,
  rows: number,
  ridge: number,
): void {
  const { buffers, plan, runner, kernels } = context;
  const group = plan.groups[index];
  for (let first = 0; first < rows; first += plan.chunkRows) {
    const chunk = Math.min(plan.chunkRows, rows - first);
    for (const run of partRuns(buffers.rows, first, chunk)) {
      runner.stage("correlate");
      multiplyByAtoms(
        context,
        group,
        {
          buffer: buffers.rows.buffers[run.part],
          offset: run.offset,
          rows: run.rows,
        },
        buffers.correlations,
        0,
      );
      pursue(context, index, first + run.from, run.rows, ridge);
    }
  }
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
    { rows, slot: group.slot },
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

function pursue(
  context: GpuContext,
  index: number,
  row: number,
  rows: number,
  ridge: number,
): void {
  const { buffers, kernels, plan, runner, spec, kernelContext } = context;
  const { coder } = spec, group = plan.groups[index];
  const codes = {
    A: buffers.correlations,
    G: buffers.grams[index],
    indices: buffers.indices,
    values: buffers.values,
    work: buffers.scratch.correlations,
    factors: buffers.scratch.factors,
  };
  const place = { rows, row, slot: group.slot, atom: group.start };
  const { correlations, factors } = group.scratch;
  const workers = kernelContext.tuning.scratchWorkers;
  runner.stage(coder.method);
  runner.run(
    kernels.groups[index].pursuit,
    {
      ...codes,
      energies: index === 0 ? buffers.wholes : buffers.energies,
      wholes: buffers.wholes,
    },
    { ...place, tolerance: coder.tolerance },
    correlations > 0 || (coder.method === "omp" && factors > 0)
      ? Math.min(workers, rows)
      : rows,
  );
  const nonnegative = coder.nonnegative && coder.method === "omp";
  if (!(ridge > 0 || coder.refit || nonnegative)) return;
  runner.stage("refit");
  runner.run(
    kernels.groups[index].coefficients,
    codes,
    { ...place, ridge },
    factors > 0 ? Math.min(workers, rows) : rows,
  );
}
