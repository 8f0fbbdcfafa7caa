import type { GpuDevice } from "../../gpu/device.ts";
import type { Runner } from "../../gpu/runner.ts";
import type { EngineSpec } from "../engine.ts";
import type { EngineBuffers } from "./buffers.ts";
import type { GpuLayout } from "./layout.ts";
import type { EngineKernels, KernelContext } from "./stages/common.ts";

/** What the stages of a GPU engine work with. */
export interface GpuContext {
  gpu: GpuDevice;
  runner: Runner;
  kernels: EngineKernels;
  kernelContext: KernelContext;
  buffers: EngineBuffers;
  plan: GpuLayout;
  spec: EngineSpec;
}
