import type { EngineSpec } from "../../src/engine/engine.ts";
import {
  createGpuEngine,
  type GpuEngine,
  type GpuEngineOptions,
} from "../../src/engine/gpu/gpu.ts";
import { DbksvdError } from "../../src/errors.ts";

/**
 * Makes an engine whose matrices are split into bindings as small as asked for, or as small as a device can have that
 * binds fewer buffers than those would be.
 */
export async function createEngineWithin(
  spec: EngineSpec,
  options: GpuEngineOptions = {},
): Promise<GpuEngine> {
  const { limits } = options;
  for (let binding = limits?.binding;; binding = 2 * binding!) {
    try {
      const within = binding === undefined ? limits : { ...limits, binding };
      return await createGpuEngine(spec, { ...options, limits: within });
    } catch (error) {
      const refused = error instanceof DbksvdError &&
        /may bind \d+ buffers/.test(error.message);
      if (binding === undefined || !refused) throw error;
    }
  }
}
