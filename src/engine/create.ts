import { DbksvdError } from "../errors.ts";
import { createCpuEngine } from "./cpu.ts";
import type { Engine, EngineSpec } from "./engine.ts";

/** Which engine to take: `auto` takes a real GPU where there is one, else whichever engine is faster here. */
export type DeviceChoice = "auto" | "gpu" | "cpu";

/**
 * Makes the engine that a device choice asks for.
 *
 * @throws {DbksvdError} `device` where a GPU is asked for and none can be used
 */
export function createEngine(
  spec: EngineSpec,
  options: { device: DeviceChoice; onNotice?: (notice: string) => void },
): Promise<Engine> {
  if (options.device === "gpu") {
    throw new DbksvdError("device", "No usable GPU", {
      mend: "run dbksvd doctor, or take --device cpu",
    });
  }
  return createCpuEngine(spec);
}
