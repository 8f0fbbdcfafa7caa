import type {
  Engine,
  EngineRows,
  IterationReport,
  IterationStep,
} from "../engine/engine.ts";
import type { MetricsLine } from "../model/model.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { RowBatch, RowSet, RowSource } from "../rows/source.ts";
import type { LearnHooks } from "./hooks.ts";
import type { Pace } from "./pace.ts";
import type { TrainingPlan } from "./plan.ts";
import type { ShareBatch } from "./shards.ts";
import type { LearnState } from "./state.ts";
import type { Said } from "./together.ts";

/** One training at work. */
export interface Training {
  source: RowSource;
  options: TrainOptions;
  hooks: LearnHooks;
  state: LearnState;
  engine: Engine;
  plan: TrainingPlan;
  /** Alone, or with other processes. */
  iterating: Iterating;
  /** Rows that were pulled in since the last decision point, by this process in the first pass. */
  pulledIn: number;
  /** How long iterations take. */
  pace: Pace;
  /** Rows that take no part: held out, or watched by validation. */
  except?: RowSet | undefined;
  /** Takes the lines of metrics. */
  record: NonNullable<LearnHooks["record"]>;
  /** Absent without early stopping. */
  validation?: Watched | undefined;
}

/** Rows that an iteration works on: in a group, this process's share of them. */
export interface Share {
  rows: EngineRows;
  /** Rows of each of the process's shards; of no account to one process alone. */
  parts?: Uint32Array | undefined;
}

/** How a training iterates: alone, or together with other processes. */
export interface Iterating {
  /** A pass's batches from the given one on. */
  batches(first: number): AsyncIterable<RowBatch | ShareBatch>;
  /** One iteration. Its report comes with the next `reports`. */
  iterate(share: Share, step: IterationStep): Promise<void>;
  /** The reports since the last call, of all rows, and what all processes together say. */
  reports(said: Said): Promise<{ reports: IterationReport[]; said: Said }>;
}

/** Rows that are watched instead of trained on. */
export interface Watched {
  /** Measures after a pass; may stop the training. */
  look(training: Training, lines: MetricsLine[]): Promise<void>;
}
