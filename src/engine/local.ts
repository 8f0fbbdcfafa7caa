import { isOfDevice } from "../errors.ts";
import { findAdapter, summarise } from "../gpu/device.ts";
import { kernelsLacking } from "../wasm/module.ts";
import { createCpuEngine } from "./cpu.ts";
import type { Engine, EngineOptions, EngineSpec } from "./engine.ts";

/** What is said of a BLAS that has nothing to do. */
const NO_BLAS = "--blas is left aside";

/**
 * Makes the engine that a device choice asks for, in the caller's thread. `auto` takes the CPU engine where there is
 * only a software driver, as on the sample it was the faster one (tasks/bench/RESULTS.md), and where the card that is
 * there lacks memory or cannot be used.
 *
 * @param spec everything fixed for the engine's life
 * @param options the device, threads, who is called with what
 * @throws {DbksvdError} `device` where a GPU is asked for by name and none can be used, or the one there lacks memory
 */
export async function createLocalEngine(
  spec: EngineSpec,
  options: EngineOptions = {},
): Promise<Engine> {
  const { device = "auto" } = options;
  if (device === "cpu") return await onProcessor(spec, options);
  if (device === "gpu") return await onGpu(spec, options);
  const adapter = await findAdapter();
  const summary = adapter === undefined ? undefined : summarise(adapter);
  if (summary !== undefined && !summary.software) {
    try {
      return await onGpu(spec, options);
    } catch (error) {
      if (!isOfDevice(error)) throw error;
      options.onNotice?.(leftToCpu(error.what));
    }
  } else {
    options.onNotice?.(
      summary === undefined
        ? "No GPU found: the CPU engine does the work (dbksvd doctor tells more)"
        : `Only a software GPU driver found (${summary.name}): the CPU engine, which is faster here, does the work`,
    );
  }
  return await onProcessor(spec, options);
}

/** What is said where the CPU engine works in the place of a GPU that was not asked for by name. */
export function leftToCpu(problem: string): string {
  return `${problem}: the CPU engine does the work`;
}

async function onGpu(
  spec: EngineSpec,
  { blas, onNotice }: EngineOptions,
): Promise<Engine> {
  const { createGpuEngine } = await import("./gpu/gpu.ts");
  const engine = await createGpuEngine(spec);
  if (blas !== undefined) onNotice?.(`${NO_BLAS}: the GPU does the work`);
  return engine;
}

async function onProcessor(
  spec: EngineSpec,
  options: EngineOptions,
): Promise<Engine> {
  const lacking = kernelsLacking();
  if (lacking === undefined) return await createCpuEngine(spec, options);
  options.onNotice?.(
    `This system has no ${lacking}: the plain engine, many times slower, does the work`,
  );
  if (options.blas !== undefined) options.onNotice?.(NO_BLAS);
  const { createReferenceEngine } = await import("./reference.ts");
  return await createReferenceEngine(spec, options);
}
