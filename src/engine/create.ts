import { findAdapter, summarise } from "../gpu/device.ts";
import { kernelsLacking } from "../wasm/module.ts";
import { createCpuEngine } from "./cpu.ts";
import { createReferenceEngine } from "./reference.ts";
import type { Engine, EngineSpec } from "./engine.ts";
import { createGpuEngine } from "./gpu/gpu.ts";

/** Which engine to take: `auto` takes a real GPU where there is one, else whichever engine is faster here. */
export type DeviceChoice = "auto" | "gpu" | "cpu";

/**
 * Makes the engine that a device choice asks for. `auto` takes the CPU engine where there is only a software driver: on
 * the sample it was the faster one (tasks/bench/RESULTS.md).
 *
 * @param spec everything fixed for the engine's life
 * @param options the device, and who is told in one line where `auto` found no real GPU
 * @throws {DbksvdError} `device` where a GPU is asked for and none can be used, or the one there is lacks memory
 */
export async function createEngine(
  spec: EngineSpec,
  options: { device: DeviceChoice; onNotice?: (notice: string) => void },
): Promise<Engine> {
  if (options.device === "cpu") return await onProcessor(spec, options);
  if (options.device === "gpu") return await createGpuEngine(spec);
  const adapter = await findAdapter();
  const summary = adapter === undefined ? undefined : summarise(adapter);
  if (summary !== undefined && !summary.software) {
    return await createGpuEngine(spec);
  }
  options.onNotice?.(
    summary === undefined
      ? "No GPU found: the CPU engine does the work (dbksvd doctor tells more)"
      : `Only a software GPU driver found (${summary.name}): the CPU engine, which is faster here, does the work`,
  );
  return await onProcessor(spec, options);
}

async function onProcessor(
  spec: EngineSpec,
  { onNotice }: { onNotice?: (notice: string) => void },
): Promise<Engine> {
  const lacking = kernelsLacking();
  if (lacking === undefined) return await createCpuEngine(spec);
  onNotice?.(
    `This system has no ${lacking}: the plain engine, many times slower, does the work`,
  );
  return await createReferenceEngine(spec);
}
