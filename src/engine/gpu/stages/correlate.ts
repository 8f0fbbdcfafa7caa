import text from "../../../../kernels/product.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import { type Matrix, partRuns } from "../../../gpu/matrix.ts";
import type { GpuContext } from "../context.ts";
import type { PlannedGroup } from "../layout.ts";
import { type KernelContext, stageKernels } from "./common.ts";
import type { CodingRun } from "./runs.ts";

/** Matrix products with the atoms, wherever they are needed. */
export const PRODUCTS = stageKernels({
  shared: ({ context, spec, plan }) => ({
    product: productKernel(context, spec.width, true),
    // Columns that are no multiple of four begin where the dictionary is split.
    productUnaligned: plan.dictionary.parts > 1
      ? productKernel(context, spec.width, false)
      : undefined,
  }),
});

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

/**
 * The matrix product's kernel; `aligned` where every column it writes at is a multiple of 4. A tile's sizes are
 * powers of two, and two threads at least lie down it.
 */
export function productKernel(
  context: KernelContext,
  width: number,
  aligned: boolean,
): KernelSource {
  const { rows, columns, depth, threadRows, threadColumns } =
    context.tuning.product;
  const down = rows / threadRows, across = columns / threadColumns;
  const threads = down * across, pass = threads / depth;
  return {
    name: "product",
    text,
    values: {
      N4: Math.ceil(width / 4),
      BM: rows,
      BN: columns,
      BK: depth,
      KV: depth / 4,
      WHOLE: Math.ceil(width / 4) % (depth / 4) === 0,
      KPAD: depth + 1,
      THREADS: threads,
      XLOADS: (rows * depth) / 4 / threads,
      ZLOADS: (columns * depth) / 4 / threads,
      XGROUPS: rows / 4,
      ZGROUPS: columns / 4,
      DOWN: down,
      ACROSS: across,
      PASS: pass,
      XSHELF: Math.min(down, pass),
      ZSHELF: Math.min(across, pass),
      XSET: Math.max(down, pass),
      ZSET: Math.max(across, pass),
      TMQ: threadRows / 4,
      TNQ: threadColumns / 4,
      ALIGNED: aligned,
      CELEMENT: aligned ? "vec4<f32>" : "f32",
    },
  };
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

/** One product: a run of rows against a run of atoms that lie in one part. */
export function multiply(
  { runner, kernels, kernelContext }: GpuContext,
  side: Side,
  dictionary: Matrix,
  atoms: { part: number; offset: number; rows: number },
  target: Target,
): void {
  const { product, productUnaligned } = kernels.shared(PRODUCTS);
  const aligned = target.column % 4 === 0 && target.width % 4 === 0;
  const tile = kernelContext.tuning.product;
  runner.run(
    aligned ? product : productUnaligned!,
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
