import text from "../../../../kernels/duplicates.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import {
  type Matrix,
  type MatrixShape,
  partRuns,
} from "../../../gpu/matrix.ts";
import { DUPLICATE_COHERENCE } from "../../../thresholds.ts";
import type { GpuContext } from "../context.ts";
import { flatKernel, type KernelContext, stageKernels } from "./common.ts";
import { multiplyByAtoms } from "./correlate.ts";

/** Finds a group's near-duplicates. */
export const DUPLICATES = stageKernels({
  each: ({ context, plan }, { gram, atoms, layout }) => ({
    duplicates: duplicatesKernel(context, {
      atoms,
      stride: layout.stride,
      gram: plan.form === "gram" ? gram : pieceOf(gram, plan.chunkRows),
    }),
  }),
});

/** The kernel that flags near-duplicates by a Gram, or by some rows of it. */
export function duplicatesKernel(
  context: KernelContext,
  { atoms, stride, gram }: { atoms: number; stride: number; gram: MatrixShape },
): KernelSource {
  return flatKernel(
    context,
    { name: "duplicates", text },
    { M: atoms, M4: stride, COHERENCE: DUPLICATE_COHERENCE },
    { G: gram },
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
    ...pieceOf(group.gram, plan.chunkRows),
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

// Rows of a Gram that lie where correlations do.
function pieceOf(gram: MatrixShape, chunkRows: number): MatrixShape {
  return { ...gram, rows: chunkRows, rowsPerPart: chunkRows, parts: 1 };
}

function flag(
  { buffers, kernels, plan, runner }: GpuContext,
  index: number,
  gram: Matrix,
  row: number,
  rows: number,
): void {
  runner.run(
    kernels.group(DUPLICATES, index).duplicates,
    { G: gram, usage: buffers.usage, flags: buffers.flags },
    { atoms: rows, atom: plan.groups[index].start, row },
    rows,
  );
}
