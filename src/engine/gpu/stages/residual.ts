import energyText from "../../../../kernels/energy.wgsl" with { type: "text" };
import rowsText from "../../../../kernels/residual.wgsl" with { type: "text" };
import slicesText from "../../../../kernels/residual_slices.wgsl" with {
  type: "text",
};
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import type { GpuContext } from "../context.ts";
import {
  commonValues,
  type KernelContext,
  rowKernel,
  stageKernels,
} from "./common.ts";

/** Subtracts what codes explain, and measures what is left. */
export const RESIDUAL = stageKernels({
  shared: ({ context, spec, plan }) => ({
    energy: rowKernel(
      context,
      { name: "energy", text: energyText },
      spec.width,
      { R: plan.rows },
    ),
  }),
  each: ({ context, spec, plan }, { sparsity }) => {
    const matrices = { D: plan.dictionary, R: plan.rows };
    const sizes = { K: sparsity, KT: spec.coder.sparsity };
    return {
      residual: bySlices(context)
        ? slicesKernel(context, spec.width, matrices, sizes)
        : rowKernel(
          context,
          { name: "residual", text: rowsText },
          spec.width,
          matrices,
          sizes,
        ),
    };
  },
});

/** Codes of a row that a workgroup brings in at a time. */
const PIECE = 32;

// Elements of a slice, and rows that a workgroup works on.
function layout(
  { tuning, limits }: KernelContext,
): { across: number; down: number; threads: number } {
  const across = tuning.residualSlice;
  const down = Math.floor(Math.min(256, limits.workgroupSize) / across);
  return { across, down, threads: across * down };
}

// The kernel that computes residuals a slice of columns after the other.
function slicesKernel(
  context: KernelContext,
  width: number,
  matrices: { D: MatrixShape; R: MatrixShape },
  codes: { K: number; KT: number },
): KernelSource {
  const { across, down, threads } = layout(context);
  return {
    name: "residualSlices",
    text: slicesText,
    values: {
      ...commonValues(context, threads),
      ...codes,
      N4: Math.ceil(width / 4),
      ACROSS: across,
      DOWN: down,
      PIECE,
    },
    matrices,
  };
}

// Blocks of rows, and the workgroups for all slices of them.
function sliceGroups(
  context: KernelContext,
  width: number,
  rows: number,
): { blocks: number; groups: number } {
  const { across, down } = layout(context);
  const blocks = Math.ceil(rows / down);
  return { blocks, groups: blocks * Math.ceil(Math.ceil(width / 4) / across) };
}

function bySlices({ tuning }: KernelContext): boolean {
  return tuning.residualSlice > 0;
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
    kernels.group(RESIDUAL, index).residual,
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
    kernels.shared(RESIDUAL).energy,
    { R: buffers.rows, energies: buffers.energies },
    { rows },
    rows,
  );
}
