import type { Communicator } from "../distributed/communicator.ts";
import type { Engine, EngineProgress, EngineSpec } from "../engine/engine.ts";
import type { DictionaryModel, MetricsLine } from "../model/model.ts";
import type { RowSet } from "../rows/source.ts";
import type { TrainingPlan } from "./plan.ts";
import type { LearnState } from "./state.ts";

/** Rows that a training learned from. */
export interface LearnedRows {
  /** How many. */
  rows: number;
  /** All others: held out, or watched by early stopping. */
  except: RowSet | undefined;
}

/** How a training is driven from outside. */
export interface LearnHooks {
  /** Makes the engine that does the work. */
  createEngine(spec: EngineSpec): Promise<Engine>;
  /** First atoms (atoms × width, unit rows), in place of `options.init`. */
  initial?: Float32Array | undefined;
  /** Rows never to be trained on. */
  heldOut?: RowSet | undefined;
  /** Continue from here; the statistics pass is not repeated. */
  resume?: LearnState | undefined;
  /** Stops the training, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Looks at what does the work, once it was opened, and adds to what is said of it. */
  checkEngine?: ((info: Engine["info"]) => Promise<Engine["info"]>) | undefined;
  /** Called with what does the work, once it is known. */
  onEngine?: ((info: Engine["info"]) => void) | undefined;
  /** Takes the metrics, a line an iteration, before every decision point; without it they are kept for the result. */
  record?:
    | ((lines: readonly MetricsLine[]) => Promise<void> | void)
    | undefined;
  /** Called after every decision point with the lines since the last one. */
  onProgress?: ((lines: MetricsLine[], plan: TrainingPlan) => void) | undefined;
  /** Called at every decision point; `state` reads the dictionary back when called. */
  onDecision?:
    | ((state: () => Promise<LearnState>) => Promise<void> | void)
    | undefined;
  /**
   * Called between decision points wherever an iteration has ended, if iterations take long enough to be waited for
   * one by one: a training of one process can be saved there, and stopped.
   */
  onPause?:
    | ((state: () => Promise<LearnState>, plan: TrainingPlan) => Promise<void>)
    | undefined;
  /** The processes that learn together, for options with `shards`; by default this one alone. */
  group?: Communicator | undefined;
  /** Whether this process was asked to stop: all learn of it at the next decision point. */
  stopAsked?: (() => boolean) | undefined;
  /** Called before `onDecision` where any process was asked to stop. */
  onStop?: (() => void) | undefined;
  /**
   * Called several times a second with how far the work at hand is, between two decision points: `reading` rows
   * before the first one, and what engines tell.
   */
  onActivity?: ((activity: EngineProgress) => void) | undefined;
  /**
   * Called once the passes are done, with the dictionary and the rows that it learned from, before it is calibrated:
   * the dictionary that it returns is kept.
   */
  onPassed?:
    | ((model: DictionaryModel, learned: LearnedRows) => Promise<
      DictionaryModel
    >)
    | undefined;
  /** A word for the log: atom batch halved, replacements. */
  onNotice?: ((notice: string) => void) | undefined;
}
