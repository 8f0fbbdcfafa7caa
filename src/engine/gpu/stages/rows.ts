import holdText from "../../../../kernels/hold.wgsl" with { type: "text" };
import keepText from "../../../../kernels/keep.wgsl" with { type: "text" };
import prepareText from "../../../../kernels/prepare.wgsl" with {
  type: "text",
};
import restoreText from "../../../../kernels/restore.wgsl" with {
  type: "text",
};
import roundText from "../../../../kernels/round.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { EngineSpec } from "../../engine.ts";
import { type KernelContext, rowKernel, stageKernels } from "./common.ts";
import {
  type Matrix,
  matrixBytes,
  type MatrixShape,
  matrixShape,
} from "../../../gpu/matrix.ts";
import type { Kernel } from "../../../gpu/compile.ts";
import { allocateSafely } from "../../../gpu/memory.ts";
import { DbksvdError } from "../../../errors.ts";
import type { GpuContext } from "../context.ts";

/** Brings raw rows into the sample batch. */
export const ROWS = stageKernels({
  shared: ({ context, spec, plan }) => ({
    prepare: prepareKernel(context, spec.width, plan.rows),
    round: spec.rows === "f16"
      ? rowKernel(
        context,
        { name: "round", text: roundText },
        spec.width,
        { Y: plan.rows },
      )
      : undefined,
  }),
});

/** The kernel that normalises raw rows of so many dimensions. */
export function prepareKernel(
  context: KernelContext,
  width: number,
  rows: MatrixShape,
): KernelSource {
  const named = { name: "prepare", text: prepareText };
  return rowKernel(context, named, width, { Y: rows });
}

/** The kernels that keep rows of the sample batch Y in H, as halves or as they are, and bring them back. */
export function holdingKernels(
  context: KernelContext,
  { width, rows }: Pick<EngineSpec, "width" | "rows">,
  matrices: { H: MatrixShape; Y: MatrixShape },
): { keep: KernelSource; restore: KernelSource } {
  const HALVES = rows === "f16";
  const kernel = (name: string, text: string) =>
    rowKernel(context, { name, text }, width, matrices, { HALVES });
  return {
    keep: HALVES ? kernel("hold", holdText) : kernel("keep", keepText),
    restore: kernel("restore", restoreText),
  };
}

/** Rows kept on the device, normalised. */
interface HeldRows {
  matrix: Matrix;
  /** Each row's largest value, where rows are kept as halves. */
  largest: GPUBuffer;
  rows: number;
  /** What brings them back. */
  restore: Kernel;
}

/** Memory that must be left beside kept rows. */
const RESERVE_BYTES = 2 ** 28;

/** The share of device memory that rows kept between passes leave free. */
const MEMORY_LEFT = 0.05;

/** Brings rows into the sample batch, from the host or from those kept on the device. */
export class RowLoader {
  readonly #context: GpuContext;
  readonly #held: HeldRows[] = [];

  constructor(context: GpuContext) {
    this.#context = context;
  }

  /** Uploads raw rows and normalises them; larger ones in pieces, each with a submit of its own. */
  load(data: Float32Array, rows: number): void {
    const { buffers, kernels, plan, runner, spec } = this.#context;
    const n = spec.width;
    for (let first = 0; first < rows; first += plan.uploadRows) {
      const count = Math.min(plan.uploadRows, rows - first);
      runner.upload(
        buffers.upload,
        data.subarray(first * n, (first + count) * n),
      );
      runner.stage("prepare");
      runner.run(
        kernels.shared(ROWS).prepare,
        {
          raw: buffers.upload,
          mean: buffers.mean,
          Y: buffers.rows,
          energies: buffers.energies,
        },
        { rows: count, first, scale: spec.normalisation.scale },
        count,
      );
      runner.submit();
    }
  }

  /**
   * Rounds the sample batch's rows as keeping them in halves would, so that a training does not depend on what fits.
   */
  round(rows: number): void {
    const { buffers, kernels, runner } = this.#context;
    runner.stage("prepare");
    runner.run(
      kernels.shared(ROWS).round!,
      { Y: buffers.rows, energies: buffers.energies },
      { rows },
      rows,
    );
  }

  /** Copies rows kept on the device into the sample batch. */
  restore(number: number): void {
    const held = this.#held[number];
    if (held === undefined) {
      throw new DbksvdError("run", `No rows are held under number ${number}`);
    }
    const { buffers, runner } = this.#context;
    runner.stage("prepare");
    runner.run(
      held.restore,
      {
        H: held.matrix,
        largest: held.largest,
        Y: buffers.rows,
        energies: buffers.energies,
      },
      { rows: held.rows },
      held.rows,
    );
  }

  /** Keeps rows on the device; returns their number, or `undefined` where they do not fit. */
  async hold(data: Float32Array, rows: number): Promise<number | undefined> {
    const { gpu, buffers, runner, spec, kernelContext } = this.#context;
    if (rows > spec.sampleBatch) return undefined;
    const halves = spec.rows === "f16";
    const shape = matrixShape(
      rows,
      buffers.rows.stride,
      halves ? "vec2<u32>" : "vec4<f32>",
      gpu.limits.binding,
    );
    const room = gpu.limits.memory * (1 - MEMORY_LEFT) - buffers.memory.bytes;
    if (
      matrixBytes(shape) + 4 * rows > room ||
      shape.parts + buffers.rows.parts + 4 > gpu.limits.storageBuffers
    ) return undefined;
    const kept = await this.#allocate(shape, rows);
    if (kept === undefined) return undefined;
    const sources = holdingKernels(kernelContext, spec, {
      H: shape,
      Y: buffers.rows,
    });
    const [keep, restore] = await Promise.all([
      runner.compile(sources.keep),
      runner.compile(sources.restore),
    ]);
    this.load(data, rows);
    const { matrix, largest } = kept;
    runner.run(keep, { Y: buffers.rows, H: matrix, largest }, { rows }, rows);
    runner.submit();
    return this.#held.push({ ...kept, rows, restore }) - 1;
  }

  // WebGPU does not tell how much memory is left, so a reserve is taken beside the rows and given back: what comes
  // later, such as reading results, must find room. Without room the caller streams the rows.
  async #allocate(
    shape: MatrixShape,
    rows: number,
  ): Promise<Pick<HeldRows, "matrix" | "largest"> | undefined> {
    const { gpu, buffers: { memory } } = this.#context;
    const taken: GPUBuffer[] = [];
    try {
      return await allocateSafely(gpu, "rows kept between passes", () => {
        const matrix = memory.matrix(shape);
        const largest = memory.buffer(4 * rows);
        const reserve = memory.buffer(
          Math.min(RESERVE_BYTES, gpu.limits.memory / 64),
        );
        taken.push(...matrix.buffers, largest);
        memory.free([reserve]);
        return { matrix, largest };
      });
    } catch {
      memory.free(taken);
      return undefined;
    }
  }
}
