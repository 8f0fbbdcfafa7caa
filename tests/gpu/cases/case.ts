import type { IterationStep } from "../../../src/engine/engine.ts";
import type { GpuEngineOptions } from "../../../src/engine/gpu/gpu.ts";
import type { PlantedOptions } from "../planted.ts";

/** A problem, and what of the device is cut or forced. */
export interface Case {
  name: string;
  /** Whether people train so, on the device as it is. */
  everyday?: boolean;
  problem?: PlantedOptions;
  options?: GpuEngineOptions;
  step?: Partial<IterationStep>;
}

/** Too little memory of a workgroup for most. */
export const LOW_MEMORY: GpuEngineOptions = {
  limits: { workgroupMemory: 1200 },
};
/** Matrices take several bindings. */
export const SMALL_BINDINGS: GpuEngineOptions = { limits: { binding: 16384 } };
/** Few threads of a workgroup. */
export const SMALL_WORKGROUPS: GpuEngineOptions = {
  limits: { workgroupSize: 32 },
};
