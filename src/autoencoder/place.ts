// Which of a GPU and the processor trains an autoencoder.
import { threadsFor } from "../engine/cpu/plan.ts";
import type { DeviceChoice } from "../engine/engine.ts";
import { processorName } from "../engine/reference/processor.ts";
import { isOfDevice } from "../errors.ts";
import { type AutoencoderSpec, layOut } from "./layout.ts";
import { requireInstructions } from "./trainer.ts";

/** Where an autoencoder is trained. */
export interface TrainingPlace {
  /** What trains it. */
  on: "gpu" | "cpu";
  /** What it takes there. */
  bytes: number;
  /** Why the GPU that does the work beside it does not, where the processor does. */
  problem?: string | undefined;
}

/** What is known of a training beforehand. */
export interface PlaceChoice {
  /** What does the work beside it, and trains where it can. */
  beside: "gpu" | "cpu";
  /** What was asked for: only a GPU that was asked for by name trains or fails. */
  device?: DeviceChoice | undefined;
  /** Threads of the processor; as many as it has cores where left out. */
  threads?: number | undefined;
}

/**
 * Finds, before work is put into a training's start, where it has what it takes: where the work beside it is done, else
 * on the processor.
 *
 * @param spec what is trained
 * @param choice what does the work beside it, and what was asked for
 * @throws {DbksvdError} `device` where a GPU that was asked for lacks it, `run` where the processor does
 */
export async function placeOfTraining(
  spec: AutoencoderSpec,
  { beside, device, threads }: PlaceChoice,
): Promise<TrainingPlace> {
  if (beside === "cpu") return onProcessor(spec, threads);
  const { requireRoom } = await import("./gpu/context.ts");
  try {
    return { on: "gpu", bytes: await requireRoom(spec) };
  } catch (error) {
    if (!mayLeaveGpu(device) || !isOfDevice(error)) throw error;
    return { ...onProcessor(spec, threads), problem: error.what };
  }
}

/**
 * The processor as the place of a training.
 *
 * @throws {DbksvdError} `run` where it lacks memory or instructions
 */
export function onProcessor(
  spec: AutoencoderSpec,
  threads?: number | undefined,
): TrainingPlace {
  requireInstructions();
  return { on: "cpu", bytes: layOut(spec, threadsFor(threads)).bytes };
}

/** Whether the processor may train in a GPU's place. */
export function mayLeaveGpu(device: DeviceChoice | undefined): boolean {
  return device !== "gpu";
}

/** What is said where the processor trains in a GPU's place. */
export function leftToProcessor(problem: string): string {
  return `${problem}: the processor trains the autoencoder`;
}

/** The processor, for the record. */
export function processorInfo(): {
  kind: "cpu";
  name: string;
  software: boolean;
} {
  return { kind: "cpu", name: processorName(), software: false };
}
