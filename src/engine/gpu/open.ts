import { DbksvdError } from "../../errors.ts";
import {
  type DeviceOptions,
  type GpuDevice,
  openDevice,
} from "../../gpu/device.ts";
import type { KernelContext } from "./stages/common.ts";
import { type GpuPlan, gramSearch, planGpu } from "./plan.ts";
import { Runner } from "../../gpu/runner.ts";
import { type Tuning, tuningFor } from "./tuning.ts";
import type { EngineSpec } from "../engine.ts";
import type { GpuContext } from "./context.ts";
import { compileKernels } from "./kernels.ts";
import { kernelIncludes } from "./includes.ts";
import { uploadChoice } from "./stages/runs.ts";
import { padRows } from "./padding.ts";
import { allocate, type EngineBuffers } from "./buffers.ts";

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
    const { plan, buffers } = await takeMemory(gpu, spec, kernelContext);
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

/** Where a plan's memory is not there after all, the next one may take this share of it. */
const NEXT_SHARE = 0.8;

// Plans and allocates; a card with less memory than assumed is planned for again, until a plan fits or none can.
async function takeMemory(
  gpu: GpuDevice,
  spec: EngineSpec,
  context: KernelContext,
): Promise<{ plan: GpuPlan; buffers: EngineBuffers }> {
  let { memory } = gpu.limits;
  for (;;) {
    const plan = planGpu(spec, { ...gpu.limits, memory }, context.tuning);
    try {
      const buffers = await allocate(gpu, spec, plan);
      return { plan, buffers };
    } catch (error) {
      if (!(error instanceof DbksvdError)) throw error;
      memory = plan.needed * NEXT_SHARE;
    }
  }
}
