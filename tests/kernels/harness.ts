import { openDevice } from "../../src/gpu/device.ts";
import type { KernelSource } from "../../src/gpu/kernel.ts";
import type { KernelContext } from "../../src/engine/gpu/stages/common.ts";
import {
  type Matrix,
  type MatrixShape,
  partRuns,
} from "../../src/gpu/matrix.ts";
import { DeviceMemory } from "../../src/gpu/memory.ts";
import { readBack } from "../../src/gpu/readback.ts";
import { type Bound, Runner } from "../../src/gpu/runner.ts";
import { kernelIncludes } from "../../src/engine/gpu/includes.ts";
import { tuningFor } from "../../src/engine/gpu/tuning.ts";

/** A device on which single kernels are run. */
export interface Bench {
  context: KernelContext;
  buffer(data: Float32Array | Uint32Array | number): GPUBuffer;
  matrix(shape: MatrixShape, data?: Float32Array): Matrix;
  run(
    source: KernelSource,
    bound: Record<string, Bound>,
    parameters: Record<string, number>,
    groups: number | readonly [number, number],
  ): Promise<void>;
  floats(buffer: GPUBuffer, count: number): Promise<Float32Array>;
  words(buffer: GPUBuffer, count: number): Promise<Uint32Array>;
}

/** Without subgroup operations, with them, and with subgroups whose size is not known beforehand. */
const VARIANTS = [
  { subgroups: false, sized: false },
  { subgroups: true, sized: true },
  { subgroups: true, sized: false },
];

/** Runs a test on a device with and without subgroup operations. */
export async function onDevice(
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  for (const { subgroups, sized } of VARIANTS) {
    const gpu = await openDevice({ subgroups, timings: false });
    const memory = new DeviceMemory(gpu),
      runner = new Runner(gpu, kernelIncludes);
    const tuning = tuningFor(gpu.adapter, gpu.limits);
    const read = async (buffer: GPUBuffer, count: number) =>
      (await readBack(gpu, runner, [{ buffer, offset: 0, bytes: 4 * count }]))[
        0
      ];
    const buffer = (data: Float32Array | Uint32Array | number) => {
      const made = memory.buffer(
        typeof data === "number" ? data : data.byteLength,
      );
      if (typeof data !== "number") runner.upload(made, data);
      return made;
    };
    try {
      await test({
        context: {
          tuning,
          limits: gpu.limits,
          subgroups,
          lanes: sized ? gpu.lanes : undefined,
          search: "floats",
        },
        buffer,
        matrix: (shape, data) => {
          const made = memory.matrix(shape);
          const row = 4 * shape.stride;
          for (
            const run of partRuns(shape, 0, data === undefined ? 0 : shape.rows)
          ) {
            runner.upload(
              made.buffers[run.part],
              data!.subarray(run.from * row, (run.from + run.rows) * row),
              4 * run.offset * row,
            );
          }
          return made;
        },
        run: async (source, bound, parameters, groups) => {
          runner.run(await runner.compile(source), bound, parameters, groups);
          runner.submit();
        },
        floats: async (from, count) =>
          new Float32Array(await read(from, count)),
        words: async (from, count) => new Uint32Array(await read(from, count)),
      });
    } finally {
      memory.freeAll();
      gpu.close();
    }
  }
}
