import { rowKernel } from "./common.ts";
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
        kernels.prepare,
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

  /** Rounds the sample batch's rows as keeping them in halves would, so that a training does not depend on what fits. */
  round(rows: number): void {
    const { buffers, kernels, runner } = this.#context;
    runner.stage("prepare");
    runner.run(
      kernels.round!,
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
    const { gpu, buffers, runner, spec } = this.#context;
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
    const compile = (name: "hold" | "keep" | "restore") =>
      this.#compile(name, shape, halves);
    const [keep, restore] = await Promise.all([
      compile(halves ? "hold" : "keep"),
      compile("restore"),
    ]);
    this.load(data, rows);
    const { matrix, largest } = kept;
    runner.run(keep, { Y: buffers.rows, H: matrix, largest }, { rows }, rows);
    runner.submit();
    return this.#held.push({ ...kept, rows, restore }) - 1;
  }

  #compile(
    name: "hold" | "keep" | "restore",
    held: MatrixShape,
    halves: boolean,
  ): Promise<Kernel> {
    const { runner, kernelContext, spec, buffers } = this.#context;
    const matrices = { H: held, Y: buffers.rows };
    return runner.compile(
      rowKernel(kernelContext, name, spec.width, matrices, { HALVES: halves }),
    );
  }

  // WebGPU does not tell how much memory is left, so a reserve is taken beside the rows and given back: what comes later,
  // such as reading results, must find room. Without room the caller streams the rows.
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
