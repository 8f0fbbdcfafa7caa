import text from "../../../../kernels/product.wgsl" with { type: "text" };
import type { Kernel } from "../../../gpu/compile.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import { type Matrix, partRuns } from "../../../gpu/matrix.ts";
import type { Runner } from "../../../gpu/runner.ts";
import type { GpuContext } from "../context.ts";
import type { PlannedGroup } from "../layout.ts";
import type { ProductTile } from "../tuning.ts";
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

/** A run of rows inside one part of a matrix. */
interface Part {
  part: number;
  /** First row in the part. */
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

/** What multiplies: the kernels for columns that are multiples of four, and for others. */
export interface Multiplier {
  runner: Runner;
  tile: ProductTile;
  product: Kernel;
  productUnaligned?: Kernel | undefined;
}

/** C = X·Dᵀ for one run of rows X against all atoms of a group, whatever parts they lie in. */
export function multiplyByAtoms(
  context: GpuContext,
  { start, atoms, layout }: PlannedGroup,
  side: Side,
  buffer: GPUBuffer,
  row: number,
): void {
  const target = { buffer, row, stride: 4 * layout.stride };
  multiplyByRows(
    multiplierOf(context),
    side,
    context.buffers.dictionary,
    { first: start, rows: atoms },
    target,
  );
}

/**
 * C = X·Zᵀ for one run of rows X against some rows of Z, whatever parts they lie in; columns of C up to its stride
 * become zeros.
 */
export function multiplyByRows(
  by: Multiplier,
  side: Side,
  matrix: Matrix,
  { first, rows }: { first: number; rows: number },
  target: Pick<Target, "buffer" | "row" | "stride">,
): void {
  const runs = partRuns(matrix, first, rows);
  runs.forEach((run, i) => {
    const { from: column } = run;
    const width = i === runs.length - 1 ? target.stride - column : run.rows;
    multiplyParts(by, side, matrix, run, { ...target, column, width });
  });
}

/** One product: a run of rows against a run of atoms that lie in one part. */
export function multiply(
  context: GpuContext,
  side: Side,
  dictionary: Matrix,
  atoms: Part,
  target: Target,
): void {
  multiplyParts(multiplierOf(context), side, dictionary, atoms, target);
}

function multiplierOf(
  { runner, kernels, kernelContext }: GpuContext,
): Multiplier {
  const { product: tile } = kernelContext.tuning;
  return { runner, tile, ...kernels.shared(PRODUCTS) };
}

function multiplyParts(
  { runner, tile, product, productUnaligned }: Multiplier,
  side: Side,
  matrix: Matrix,
  { part, offset, rows }: Part,
  target: Target,
): void {
  const aligned = target.column % 4 === 0 && target.width % 4 === 0;
  runner.run(
    aligned ? product : productUnaligned!,
    { X: side.buffer, Z: matrix.buffers[part], C: target.buffer },
    {
      rows: side.rows,
      columns: rows,
      width: target.width,
      x: side.offset,
      z: offset,
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
