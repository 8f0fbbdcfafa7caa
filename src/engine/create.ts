import type { Engine, EngineSpec } from "./engine.ts";
import { engineInWorker, type WorkerEngineOptions } from "./worker/client.ts";
import { mayStartWorker } from "./worker/may_start.ts";

export type { WorkerEngineOptions } from "./worker/client.ts";

const ENTRY = new URL("./worker/entry.ts", import.meta.url);

/**
 * Makes the engine that a device choice asks for, in a thread of its own, or of its group, so that the caller's thread
 * stays free for signals and progress. Where the program may not read its own source files, which starting a worker
 * takes, the engine runs in the caller's thread: calls then end when they are done, whatever the signal says.
 *
 * @param spec everything fixed for the engine's life
 * @param options the device, threads, notices, progress, the thread of a group, an `AbortSignal` that ends the engine
 * at once, the watchdog
 * @throws {DbksvdError} `device` where a GPU is asked for and none can be used, where the one there is lacks memory, or
 * where it stops answering; the signal's reason
 */
export async function createEngine(
  spec: EngineSpec,
  options: WorkerEngineOptions = {},
): Promise<Engine> {
  options.signal?.throwIfAborted();
  if (options.thread !== undefined) {
    return await engineInWorker(options.thread(), spec, options);
  }
  if (!mayStartWorker(ENTRY)) {
    const { createLocalEngine } = await import("./local.ts");
    return await createLocalEngine(spec, options);
  }
  const worker = new Worker(ENTRY, {
    type: "module",
    name: "dbksvd engine",
  });
  return await engineInWorker(worker, spec, options);
}
