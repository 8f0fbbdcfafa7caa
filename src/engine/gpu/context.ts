import type { GpuDevice } from "../../gpu/device.ts";
import type { KernelContext } from "./stages/common.ts";
import type { GpuPlan } from "./plan.ts";
import type { Runner } from "../../gpu/runner.ts";
import type { EngineSpec } from "../engine.ts";
import type { EngineKernels } from "./kernels.ts";
import type { EngineBuffers } from "./buffers.ts";

/** What the stages of a GPU engine work with. */
export interface GpuContext {
  gpu: GpuDevice;
  runner: Runner;
  kernels: EngineKernels;
  kernelContext: KernelContext;
  buffers: EngineBuffers;
  plan: GpuPlan;
  spec: EngineSpec;
}
