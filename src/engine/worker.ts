import { createEngine } from "./create.ts";
import type { Engine, EngineSpec } from "./engine.ts";
import { engineInWorker, type WorkerEngineOptions } from "./worker/client.ts";

export type { WorkerEngineOptions } from "./worker/client.ts";

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
  if (!mayStartWorker()) return createEngine(spec, options);
  const worker = new Worker(new URL("./worker/entry.ts", import.meta.url), {
    type: "module",
    name: "dbksvd engine",
  });
  return engineInWorker(worker, spec, options);
}

function mayStartWorker(): boolean {
  const here = new URL("./worker/entry.ts", import.meta.url);
  return here.protocol !== "file:" ||
    Deno.permissions.querySync({ name: "read", path: here }).state ===
      "granted";
}
