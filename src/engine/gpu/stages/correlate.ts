import { MIRROR_SIDE } from "./common.ts";
import { type Matrix, partRuns } from "../../../gpu/matrix.ts";
import type { PlannedGroup } from "../plan_groups.ts";
import type { GpuContext } from "../context.ts";

/** Rows that are coded together: inside one part of the matrix, and as many as the plan says. */
export interface CodingRun {
  /** First row of the sample batch. */
  row: number;
  rows: number;
  part: number;
  /** First row inside the part. */
  offset: number;
}

/** A run of rows or atoms inside one buffer. */
export interface Side {
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
  /** Leave tiles under the diagonal out. */
  half?: boolean;
}

/** G = D·Dᵀ over one group's atoms, with what a search needs beside it. */
export function computeGram(context: GpuContext, index: number): void {
  const { buffers, plan, runner } = context;
  const group = plan.groups[index], gram = buffers.grams[index];
  runner.stage("gram");
  if (gram.parts === 1 && buffers.dictionary.parts === 1) {
    computeHalf(context, index);
    boundGram(context, index);
    return;
  }
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
  boundGram(context, index);
}

// A Gram in one piece: the tiles on and above the diagonal, then the others from them.
function computeHalf(context: GpuContext, index: number): void {
  const { buffers, plan, runner, kernels } = context;
  const { start, atoms, layout } = plan.groups[index];
  const [dictionary] = buffers.dictionary.buffers;
  const [gram] = buffers.grams[index].buffers;
  const stride = 4 * layout.stride;
  multiply(
    context,
    { buffer: dictionary, offset: start, rows: atoms },
    buffers.dictionary,
    { part: 0, offset: start, rows: atoms },
    { buffer: gram, row: 0, column: 0, width: stride, stride, half: true },
  );
  const tiles = Math.ceil(atoms / MIRROR_SIDE);
  runner.run(kernels.mirror, { G: gram }, { atoms, stride }, [tiles, tiles]);
}

// What the search needs beside the Gram: its copy in halves, and what bounds the errors that are made.
function boundGram(context: GpuContext, index: number): void {
  const { buffers, plan, runner, kernels } = context;
  const { atoms } = plan.groups[index];
  const { bounds } = kernels.groups[index];
  if (bounds === undefined) return;
  runner.run(
    bounds,
    {
      G: buffers.grams[index],
      H: buffers.halves[index],
      bounds: buffers.bounds,
    },
    { atoms },
    atoms,
  );
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

/** C = X·Dᵀ for one run of rows X against all atoms of a group, whatever parts they lie in. */
export function multiplyByAtoms(
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
    aligned ? kernels.product : kernels.productUnaligned!,
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
      half: target.half ? 1 : 0,
    },
    [
      Math.ceil(target.width / tile.columns),
      Math.ceil(side.rows / tile.rows),
    ],
  );
}

/** Flags a group's near-duplicates, by the Gram its rows were coded with, or by one made anew in pieces. */
export function flagDuplicates(context: GpuContext, index: number): void {
  const { buffers, plan, runner } = context;
  const group = plan.groups[index];
  runner.stage("lists");
  if (plan.form === "gram") {
    flag(context, index, buffers.grams[index], 0, group.atoms);
    return;
  }
  const piece = {
    ...group.gram,
    rows: plan.chunkRows,
    rowsPerPart: plan.chunkRows,
    parts: 1,
    buffers: [buffers.correlations],
  };
  for (let row = 0; row < group.atoms; row += plan.chunkRows) {
    const rows = Math.min(plan.chunkRows, group.atoms - row);
    for (const run of partRuns(buffers.dictionary, group.start + row, rows)) {
      const side = {
        buffer: buffers.dictionary.buffers[run.part],
        offset: run.offset,
        rows: run.rows,
      };
      multiplyByAtoms(context, group, side, buffers.correlations, run.from);
    }
    flag(context, index, piece, row, rows);
  }
}

function flag(
  { buffers, kernels, plan, runner }: GpuContext,
  index: number,
  gram: Matrix,
  row: number,
  rows: number,
): void {
  runner.run(
    kernels.groups[index].duplicates,
    { G: gram, usage: buffers.usage, flags: buffers.flags },
    { atoms: rows, atom: plan.groups[index].start, row },
    rows,
  );
}
