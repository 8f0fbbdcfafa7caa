import type { KernelSource } from "../../../gpu/kernel.ts";
import { commonValues, type KernelContext } from "./common.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import { kernelTexts } from "../sources.ts";

/** Codes of a row that a workgroup brings in at a time. */
const PIECE = 32;

/** Elements of a slice, and rows that a workgroup works on. */
function layout(
  { tuning, limits }: KernelContext,
): { across: number; down: number; threads: number } {
  const across = tuning.residualSlice;
  const down = Math.floor(Math.min(256, limits.workgroupSize) / across);
  return { across, down, threads: across * down };
}

/** The kernel that computes residuals a slice of columns after the other. */
export function slicesKernel(
  context: KernelContext,
  width: number,
  matrices: { D: MatrixShape; R: MatrixShape },
  codes: { K: number; KT: number },
): KernelSource {
  const { across, down, threads } = layout(context);
  return {
    name: "residualSlices",
    text: kernelTexts.residualSlices,
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

/** Blocks of rows, and the workgroups for all slices of them. */
export function sliceGroups(
  context: KernelContext,
  width: number,
  rows: number,
): { blocks: number; groups: number } {
  const { across, down } = layout(context);
  const blocks = Math.ceil(rows / down);
  return { blocks, groups: blocks * Math.ceil(Math.ceil(width / 4) / across) };
}

/** True where the residual is computed by slices. */
export function bySlices({ tuning }: KernelContext): boolean {
  return tuning.residualSlice > 0;
}
