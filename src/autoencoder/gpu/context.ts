import type { GpuEngineOptions } from "../../engine/gpu/open.ts";
import { kernelIncludes } from "../../engine/gpu/includes.ts";
import type { KernelContext } from "../../engine/gpu/stages/common.ts";
import { tuningFor } from "../../engine/gpu/tuning.ts";
import {
  type DeviceLimits,
  type GpuDevice,
  openDevice,
} from "../../gpu/device.ts";
import type { Matrix } from "../../gpu/matrix.ts";
import { allocateSafely, DeviceMemory, takeMemory } from "../../gpu/memory.ts";
import { Runner } from "../../gpu/runner.ts";
import type { AutoencoderSpec } from "../layout.ts";
import {
  compileTrainer,
  requireBindings,
  type TrainerKernels,
  trainerSources,
} from "./kernels.ts";
import {
  planTrainer,
  type TrainerBuffer,
  type TrainerMatrices,
  type TrainerPlan,
} from "./plan.ts";

/** What a training keeps on the device, by the names that kernels know it under where they have one for it. */
export type TrainerBuffers =
  & { [Name in keyof TrainerMatrices]: Matrix }
  & Record<TrainerBuffer, GPUBuffer>
  & { memory: DeviceMemory };

/** What the stages of a training work with. */
export interface TrainerContext {
  gpu: GpuDevice;
  runner: Runner;
  kernelContext: KernelContext;
  kernels: TrainerKernels;
  buffers: TrainerBuffers;
  plan: TrainerPlan;
  spec: AutoencoderSpec;
}

/**
 * Opens a device and makes ready what a training's stages work with.
 *
 * @param spec what is trained
 * @param options the device; what tests try in place of the adapter's own
 * @throws {DbksvdError} `device` where there is no GPU, or it lacks memory
 */
export async function openTrainer(
  spec: AutoencoderSpec,
  options: GpuEngineOptions = {},
): Promise<TrainerContext> {
  const gpu = await openDevice({ timings: false, ...options });
  try {
    const kernelContext = kernelContextOf(gpu, options);
    const runner = new Runner(gpu, kernelIncludes);
    const { plan, buffers } = await takeMemory(
      gpu.limits.memory,
      (memory) => planOn({ ...gpu.limits, memory }, spec, kernelContext),
      (plan) => allocate(gpu, plan),
    );
    const sources = trainerSources(kernelContext, spec, plan);
    const kernels = await compileTrainer(runner, sources);
    return { gpu, runner, kernelContext, kernels, buffers, plan, spec };
  } catch (error) {
    gpu.close();
    throw error;
  }
}

/**
 * Makes sure, before work is put into a training's start, that this machine's GPU has what the training takes.
 *
 * @returns bytes that it takes there
 * @throws {DbksvdError} `device`, where it has not, with the numbers
 */
export async function requireRoom(
  spec: AutoencoderSpec,
  options: GpuEngineOptions = {},
): Promise<number> {
  const gpu = await openDevice({ timings: false, ...options });
  try {
    return planOn(gpu.limits, spec, kernelContextOf(gpu, options)).needed;
  } finally {
    gpu.close();
  }
}

function kernelContextOf(
  { adapter, limits, subgroups, lanes }: GpuDevice,
  options: GpuEngineOptions,
): KernelContext {
  const tuning = tuningFor(adapter, limits, options.tuning);
  return { tuning, limits, subgroups, lanes, search: "floats" };
}

function planOn(
  limits: DeviceLimits,
  spec: AutoencoderSpec,
  context: KernelContext,
): TrainerPlan {
  const plan = planTrainer(spec, limits, context.tuning);
  requireBindings(trainerSources(context, spec, plan), limits);
  return plan;
}

async function allocate(
  gpu: GpuDevice,
  { matrices, bytes }: TrainerPlan,
): Promise<TrainerBuffers> {
  const memory = new DeviceMemory(gpu);
  try {
    return await allocateSafely(gpu, "the autoencoder's training", () => {
      const shaped = Object.entries(matrices)
        .map(([name, shape]) => [name, memory.matrix(shape)] as const);
      const plain = Object.entries(bytes)
        .map(([name, bytes]) => [name, memory.buffer(bytes)] as const);
      return {
        ...Object.fromEntries(shaped) as Record<keyof TrainerMatrices, Matrix>,
        ...Object.fromEntries(plain) as Record<TrainerBuffer, GPUBuffer>,
        memory,
      };
    });
  } catch (error) {
    memory.freeAll();
    throw error;
  }
}
