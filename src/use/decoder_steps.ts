import { leftToProcessor, placeOfTraining } from "../autoencoder/place.ts";
import { type EngineChoice, engineFor } from "../coding/coder.ts";
import type { Engine, EngineInfo } from "../engine/engine.ts";
import type { LearnedRows, LearnHooks } from "../learn/hooks.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { decoderSpec, trainAsDecoder } from "./train_decoder.ts";

/** How the training is run that the steps are part of. */
export type StepsRun =
  & EngineChoice
  & Pick<LearnHooks, "group" | "onActivity">;

/** The steps after a training's passes by which its atoms are trained on as a decoder; none by default. */
export class DecoderSteps {
  readonly #steps: number;
  readonly #run: StepsRun;
  #on: "gpu" | "cpu" | undefined;
  #device: Omit<EngineInfo, "details"> | undefined;

  /**
   * @param steps how many
   * @param run on what, with whom; who follows it
   */
  constructor(steps: number = 0, run: StepsRun) {
    this.#steps = steps;
    this.#run = run;
  }

  /** What took them, once that is done. */
  get device(): Omit<EngineInfo, "details"> | undefined {
    return this.#device;
  }

  /**
   * Finds what takes the steps, before the passes are made: what makes them, or the processor in place of a GPU that
   * lacks the memory and was not asked for by name.
   *
   * @param engine an engine of the training, the first of which makes the passes; closed where this throws
   * @param rows training rows
   * @returns the engine
   * @throws {DbksvdError} `device` or `run` where the steps cannot be taken
   */
  async beside(engine: Engine, rows: number): Promise<Engine> {
    // The first of several processes takes them.
    const takes = this.#steps > 0 && (this.#run.group?.rank ?? 0) === 0;
    if (!takes || this.#on !== undefined) return engine;
    try {
      this.#on = await this.#place(engine, rows);
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /**
   * Takes the steps.
   *
   * @param model the dictionary after the passes
   * @param source its rows
   * @param learned which of them it learned from
   * @returns the dictionary as it is kept
   */
  async take(
    model: DictionaryModel,
    source: RowSource,
    learned: LearnedRows,
  ): Promise<DictionaryModel> {
    if (this.#steps === 0) return model;
    const run = this.#run;
    const { device, threads, blas, signal, group, onNotice } = run;
    const trained = await trainAsDecoder(model, source, {
      ...{ device, threads, blas, signal, group, onNotice, ...learned },
      ...{ steps: this.#steps, on: this.#on },
      createEngine: (spec) => engineFor(spec, run, run.onActivity),
      onProgress: ({ rows, total }) =>
        run.onActivity?.({ stage: "decoder", done: rows, total }),
    });
    this.#device = trained.device;
    return trained.model;
  }

  async #place(
    { info: { kind: beside }, spec }: Engine,
    rows: number,
  ): Promise<"gpu" | "cpu"> {
    const { device, threads, onNotice } = this.#run;
    const { on, problem } = await placeOfTraining(decoderSpec(spec, rows), {
      ...{ beside, device, threads },
    });
    if (problem !== undefined) onNotice?.(leftToProcessor(problem));
    return on;
  }
}
