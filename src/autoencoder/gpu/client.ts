import { type LineOptions, WorkerLine } from "../../engine/worker/line.ts";
import type { LookReport, Parameters, Trainer } from "../contract.ts";
import { type AutoencoderSpec, slotsOf } from "../layout.ts";
import type { Sight } from "../worth.ts";
import { gpuSight, type SightCalls } from "./sight.ts";

/** The calls of a trainer that cross to its worker. */
export type TrainerCall =
  | "look"
  | "step"
  | "silent"
  | "restart"
  | "codes"
  | "worths"
  | "parameters"
  | "close";

/** What the worker is sent. */
export type TrainerRequest =
  | { id: number; create: { spec: AutoencoderSpec; start: Parameters } }
  | { id: number; call: TrainerCall; args: unknown[] };

/**
 * Starts a training on a GPU in a worker: the thread that calls stays free for signals and progress, and outlives a
 * device that hangs.
 *
 * @param worker runs `entry.ts`; it belongs to the trainer from now on
 * @param spec what is trained
 * @param start where it begins
 * @param options a signal that ends it at once; the watchdog
 * @throws {DbksvdError} what making the trainer throws; `device` where it does not answer
 */
export async function trainerInWorker(
  worker: Worker,
  spec: AutoencoderSpec,
  start: Parameters,
  options: LineOptions,
): Promise<Trainer> {
  const line = new WorkerLine(worker, { ...options, device: "gpu" });
  try {
    const made = await line.ask({ create: { spec, start } });
    if ((made as { software: boolean }).software) line.unwatch();
    return new TrainerInWorker(line, spec);
  } catch (error) {
    await line.close();
    throw error;
  }
}

class TrainerInWorker implements Trainer, SightCalls {
  readonly spec: AutoencoderSpec;
  readonly #line: WorkerLine;

  constructor(line: WorkerLine, spec: AutoencoderSpec) {
    this.#line = line;
    this.spec = spec;
  }

  async look(rows: Float32Array, floors?: Float32Array): Promise<LookReport> {
    return await this.#callWith("look", rows, floors) as LookReport;
  }

  async step(rows: Float32Array, rate: number): Promise<void> {
    await this.#callWith("step", rows, rate);
  }

  async silent(): Promise<Uint32Array> {
    return await this.#call("silent", []) as Uint32Array;
  }

  async restart(latents: readonly number[]): Promise<number[]> {
    return await this.#call("restart", [latents]) as number[];
  }

  sight(): Promise<Sight> {
    const { width, batch } = this.spec, slots = slotsOf(this.spec);
    return Promise.resolve(gpuSight(this, { width, batch, slots }));
  }

  async codes(
    rows: Float32Array,
    thresholds?: Float32Array,
  ): Promise<{ indices: Uint32Array; values: Float32Array }> {
    const codes = await this.#callWith("codes", rows, thresholds);
    return codes as { indices: Uint32Array; values: Float32Array };
  }

  async worths(
    rows: Float32Array,
    thresholds: Float32Array,
  ): Promise<Float32Array> {
    return await this.#callWith("worths", rows, thresholds) as Float32Array;
  }

  async parameters(): Promise<Parameters> {
    return await this.#call("parameters", []) as Parameters;
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  #call(call: TrainerCall, args: unknown[]): Promise<unknown> {
    return this.#line.ask({ call, args });
  }

  // A copy of the rows is handed over: of a part of an array, all of it would be sent.
  #callWith(
    call: TrainerCall,
    rows: Float32Array,
    more: unknown,
  ): Promise<unknown> {
    const copy = new Float32Array(rows);
    return this.#line.ask({ call, args: [copy, more] }, [copy.buffer]);
  }
}
