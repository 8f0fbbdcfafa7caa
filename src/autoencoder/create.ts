import { mayStartWorker } from "../engine/worker/may_start.ts";
import { isOfDevice } from "../errors.ts";
import type { Parameters, Trainer } from "./contract.ts";
import { trainerInWorker } from "./gpu/client.ts";
import type { AutoencoderSpec } from "./layout.ts";
import { AutoencoderTrainer } from "./trainer.ts";

const GPU_ENTRY = new URL("./gpu/entry.ts", import.meta.url);

/** What does the work of a training, and who can stop it. */
export interface TrainerChoice {
  /** The processor where left out. */
  device?: "cpu" | "gpu" | undefined;
  /** Threads of the processor; as many as it has cores where left out. */
  threads?: number | undefined;
  /** Ends the training: a GPU's at once, whatever it is doing. */
  signal?: AbortSignal | undefined;
  /**
   * Called where a GPU cannot be made ready, for lack of memory say, which a card tells only once it is asked for it:
   * the processor then trains. Left out, that is an error.
   */
  onGpuLacking?: ((problem: string) => void) | undefined;
}

/**
 * Makes what trains an autoencoder. A GPU's works in a thread of its own where the program may start one, else in the
 * caller's: calls then end when they are done, whatever the signal says.
 *
 * @param spec what is trained
 * @param start where it begins
 * @param choice on what
 * @throws {DbksvdError} `device` where a GPU is asked for and there is none, or it lacks memory; `run` where the
 * processor lacks memory or instructions
 */
export async function createTrainer(
  spec: AutoencoderSpec,
  start: Parameters,
  { device = "cpu", threads, signal, onGpuLacking }: TrainerChoice,
): Promise<Trainer> {
  const onProcessor = () =>
    new AutoencoderTrainer(spec, start, { threads, signal });
  if (device === "cpu") return onProcessor();
  try {
    return await onGpu(spec, start, signal);
  } catch (error) {
    if (onGpuLacking === undefined || !isOfDevice(error)) throw error;
    const trainer = onProcessor();
    onGpuLacking(error.what);
    return trainer;
  }
}

async function onGpu(
  spec: AutoencoderSpec,
  start: Parameters,
  signal: AbortSignal | undefined,
): Promise<Trainer> {
  signal?.throwIfAborted();
  if (!mayStartWorker(GPU_ENTRY)) {
    const { GpuTrainer } = await import("./gpu/trainer.ts");
    return await GpuTrainer.create(spec, start);
  }
  const worker = new Worker(GPU_ENTRY, {
    type: "module",
    name: "dbksvd training",
  });
  return await trainerInWorker(worker, spec, start, { signal });
}
