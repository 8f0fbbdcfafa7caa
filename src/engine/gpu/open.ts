import { type DeviceOptions, openDevice } from "../../gpu/device.ts";
import { gramSearch, planGpu } from "./plan.ts";
import { Runner } from "../../gpu/runner.ts";
import { type Tuning, tuningFor } from "./tuning.ts";
import type { EngineSpec } from "../engine.ts";
import type { GpuContext } from "./context.ts";
import { compileKernels } from "./kernels.ts";
import { kernelIncludes } from "./includes.ts";
import { uploadChoice } from "./stages/runs.ts";
import { padRows } from "./padding.ts";
import { allocate } from "./buffers.ts";
import { takeMemory } from "../../gpu/memory.ts";

/** How a GPU engine is made; the defaults suit every real use. */
export interface GpuEngineOptions extends DeviceOptions {
  /** Choices to try in place of the adapter's own: for tests and benchmarks. */
  tuning?: Partial<Tuning> | undefined;
}

/**
 * Opens a device and makes ready what an engine's stages work with; benchmarks run the stages one by one.
 *
 * @throws {DbksvdError} `device`, as {@linkcode createGpuEngine}
 */
export async function createGpuContext(
  spec: EngineSpec,
  options: GpuEngineOptions = {},
): Promise<GpuContext> {
  const gpu = await openDevice(options);
  try {
    const tuning = tuningFor(gpu.adapter, gpu.limits, options.tuning);
    const search = gramSearch(spec, tuning);
    const kernelContext = {
      tuning,
      search,
      limits: gpu.limits,
      subgroups: gpu.subgroups,
      lanes: gpu.lanes,
    };
    const runner = new Runner(gpu, kernelIncludes);
    const { plan, buffers } = await takeMemory(
      gpu.limits.memory,
      (memory) =>
        planGpu(spec, { ...gpu.limits, memory }, kernelContext.tuning),
      (plan) => allocate(gpu, spec, plan),
    );
    kernelContext.tuning = { ...tuning, scratchWorkers: plan.scratchWorkers };
    const kernels = await compileKernels(runner, {
      context: kernelContext,
      spec,
      plan,
    });
    const mean = padRows(
      spec.normalisation.mean,
      1,
      spec.width,
      plan.rows.stride,
    );
    runner.upload(buffers.mean, mean);
    const made = { gpu, runner, kernels, kernelContext, buffers, plan, spec };
    uploadChoice(made);
    return made;
  } catch (error) {
    gpu.close();
    throw error;
  }
}
