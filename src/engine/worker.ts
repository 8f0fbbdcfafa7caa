import { createEngine } from "./create.ts";
import type { Engine, EngineSpec } from "./engine.ts";
import { engineInWorker, type WorkerEngineOptions } from "./worker/client.ts";
import { mayStartWorker } from "./worker/may_start.ts";

export type { WorkerEngineOptions } from "./worker/client.ts";

const ENTRY = new URL("./worker/entry.ts", import.meta.url);

/**
 * Makes the engine that a device choice asks for, in a thread of its own. Where the program may not read its own source
 * files, which starting a worker takes, the engine runs in the caller's thread.
 *
 * @param spec everything fixed for the engine's life
 * @param options the device, notices, an `AbortSignal`, the watchdog
 * @throws {DbksvdError} `device` where a GPU is asked for and none can be used, or where it stops answering
 */
export function createWorkerEngine(
  spec: EngineSpec,
  options: WorkerEngineOptions,
): Promise<Engine> {
  if (!mayStartWorker(ENTRY)) return createEngine(spec, options);
  const worker = new Worker(ENTRY, {
    type: "module",
    name: "dbksvd engine",
  });
  return engineInWorker(worker, spec, options);
}
