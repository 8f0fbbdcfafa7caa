import type { Engine } from "../engine/engine.ts";
import { type CreateEngine, engineFor } from "../coding/coder.ts";
import { DbksvdError } from "../errors.ts";
import type { TrainingPlan } from "../learn/plan.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { LearnState } from "../learn/state.ts";
import type { MetricsLine } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import type { RunIdentity } from "./run_identity.ts";
import { train, type TrainedModel, type TrainRun } from "./train.ts";
import { type Checkpoints, type SavedRun, stateFor } from "./unfinished.ts";

/** How a training is saved, gone on with and tried again. */
export interface CheckpointedRun extends Omit<TrainRun, "resume"> {
  checkpoints: Checkpoints;
  identity: RunIdentity;
  /** The run to go on with. */
  from?: SavedRun | undefined;
  /** How often a failing device is tried again, from the last checkpoint. */
  retries: number;
}

/**
 * Trains, saving checkpoints on their schedule and when `signal` fires. A signal is heeded where the iterations under
 * way end and there is something to save: before the first one has ended, and while measuring, at once.
 *
 * @throws {DbksvdError} as `train` does, saying how to go on; the signal's reason, once the run is saved
 */
export async function trainWithCheckpoints(
  source: RowSource,
  options: TrainOptions,
  run: CheckpointedRun,
): Promise<TrainedModel> {
  let from = run.from;
  for (let retries = run.retries;; retries--) {
    const attempt = new Attempt(source, options, run, from);
    try {
      return await attempt.run();
    } catch (error) {
      if (!attempt.failedAtWork(error) || retries <= 0) {
        throw withWayOn(error, run);
      }
      from = await run.checkpoints.latest(run.onNotice);
      const where = from === undefined
        ? "the beginning"
        : `iteration ${from.state.iteration}`;
      run.onNotice?.(
        `${(error as Error).message}; trying again from ${where}`,
      );
    }
  }
}

class Attempt {
  readonly #started = performance.now();
  readonly #now = new AbortController();
  #iteration = 0;
  #iterations = Infinity;
  /** The device, once there is one. */
  #engine: Engine["info"] | undefined;
  /** Whether a signal waits for the next decision point. */
  #saves = false;
  /** Whether the decision at hand may be the last one. */
  #mayEnd = false;
  /** The state after the last iteration, while the model is being measured. */
  #learned: LearnState | undefined;

  constructor(
    readonly source: RowSource,
    readonly options: TrainOptions,
    readonly outer: CheckpointedRun,
    readonly from: SavedRun | undefined,
  ) {}

  async run(): Promise<TrainedModel> {
    const { signal } = this.outer;
    const onAbort = () => {
      if (!this.#saves) this.#now.abort(signal!.reason);
    };
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    try {
      const result = await train(this.source, this.options, this.#hooks());
      result.seconds = this.#seconds();
      result.config.seconds = result.seconds;
      return { ...result, metrics: await this.#metrics() };
    } catch (error) {
      if (this.#learned !== undefined && signal?.aborted) {
        await this.#save(this.#learned);
      }
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Whether an error is a device's that did work before. */
  failedAtWork(error: unknown): boolean {
    return error instanceof DbksvdError && error.kind === "device" &&
      this.#engine !== undefined;
  }

  #hooks(): TrainRun {
    const { outer, from } = this;
    const { checkpoints, identity: _, from: __, retries: ___, ...run } = outer;
    return {
      ...run,
      resume: from && stateFor(from, this.options, this.source.width),
      signal: this.#now.signal,
      createEngine: (...asked) => this.#createEngine(...asked),
      record: (lines) => checkpoints.log.append(lines),
      onProgress: (lines, plan) => this.#onProgress(lines, plan),
      onDecision: (state) => this.#onDecision(state),
      onPause: (state, plan) => this.#onPause(state, plan),
    };
  }

  async #createEngine(...[spec, options]: Parameters<CreateEngine>) {
    const choice = { ...this.outer, signal: this.#now.signal };
    const { onProgress, thread } = options ?? {};
    const engine = await engineFor(spec, choice, onProgress, thread);
    if (this.#engine === undefined && this.from !== undefined) {
      try {
        this.#compareDevices(this.from.engine, engine.info);
      } catch (error) {
        await engine.close();
        throw error;
      }
    }
    this.#engine ??= engine.info;
    return engine;
  }

  #compareDevices(before: SavedRun["engine"], info: Engine["info"]): void {
    const now = engineOf(info);
    if (before.blas !== now.blas) {
      const used = ({ blas }: SavedRun["engine"]) => blas ?? "no --blas";
      throw new DbksvdError(
        "usage",
        `The unfinished run is another one (${used(before)}, now ${used(now)})`,
        { mend: "resume with the BLAS that it was begun with" },
      );
    }
    if (before.kind === now.kind && before.name === now.name) return;
    this.outer.onNotice?.(
      `This run was begun on ${before.name} and goes on with ${now.name}: the model will be as good, but not the same to the last bit`,
    );
  }

  #onProgress(lines: MetricsLine[], plan: TrainingPlan): void {
    const last = lines.at(-1);
    this.#iteration = (last?.iteration ?? -1) + 1;
    this.#iterations = plan.iterations;
    this.#saves = true;
    this.#mayEnd = this.#iteration === plan.iterations ||
      last?.validationFvu !== undefined;
    this.outer.onProgress?.(lines, plan);
  }

  // An iteration has ended, nothing is decided: from now on there is something to save.
  async #onPause(
    state: () => Promise<LearnState>,
    { iterations }: TrainingPlan,
  ): Promise<void> {
    const { checkpoints, signal } = this.outer;
    this.#iterations = iterations;
    this.#saves = true;
    if (!checkpoints.isTimeUp() && !signal?.aborted) return;
    await this.#save(await state());
    signal?.throwIfAborted();
  }

  async #onDecision(state: () => Promise<LearnState>): Promise<void> {
    const { checkpoints, signal } = this.outer;
    if (signal?.aborted) {
      await this.#save(await state());
      signal.throwIfAborted();
    }
    if (this.#mayEnd) {
      const reached = await state();
      if (reached.stopped || this.#iteration === this.#iterations) {
        this.#learned = reached;
        this.#saves = false;
      }
    }
    if (this.#learned === undefined && checkpoints.due(this.#iteration)) {
      await this.#save(await state());
    }
    await this.outer.onDecision?.(state);
  }

  async #save(state: LearnState): Promise<void> {
    const { checkpoints, identity, signal, onNotice, onSaved } = this.outer;
    if (checkpoints.iteration !== state.iteration) {
      await checkpoints.save({
        identity,
        toolVersion: TOOL_VERSION,
        engine: engineOf(this.#engine!),
        seconds: this.#seconds(),
        state,
      });
    }
    if (signal?.aborted) {
      (onSaved ?? onNotice)?.(
        `Saved at iteration ${state.iteration} of ${this.#iterations}; go on with --resume`,
      );
    }
  }

  async #metrics(): Promise<TrainedModel["metrics"]> {
    const lines = await this.outer.checkpoints.log.lines();
    if (lines !== undefined) return lines;
    this.outer.onNotice?.(
      "The metrics so far were removed or changed by someone else: the model comes without them",
    );
    return [];
  }

  #seconds(): number {
    const before = this.from?.seconds ?? 0;
    return before + (performance.now() - this.#started) / 1000;
  }
}

function engineOf({ kind, name, details }: Engine["info"]): SavedRun["engine"] {
  const { blas } = details;
  return { kind, name, ...(blas === undefined ? {} : { blas: `${blas}` }) };
}

// A run that fails with a checkpoint at hand says so.
function withWayOn(error: unknown, run: CheckpointedRun): unknown {
  const { iteration } = run.checkpoints;
  if (!(error instanceof DbksvdError) || iteration === 0) return error;
  const { kind, what, where, mend } = error;
  if (kind !== "device" && kind !== "run") return error;
  return new DbksvdError(kind, what, {
    where,
    mend: `${
      mend === undefined ? "" : `${mend}; `
    }the run is safe up to iteration ${iteration}, go on with --resume`,
    cause: error,
  });
}
