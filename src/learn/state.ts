import type { IterationReport, Normalisation } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { MetricsLine } from "../model/model.ts";
import {
  atomsToReplace,
  emptyWindow,
  noteUsage,
  type UsageWindow,
} from "./housekeeping.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { TrainingPlan } from "./plan.ts";

/** Rise of ‖R‖² over an update that is rounding, not a sign of too large an atom batch. */
const ROUNDING = 1e-6;

/**
 * All that a training carries from one decision point to the next: what a checkpoint holds. Random numbers are named by
 * seed and iteration, so there is no generator to save.
 */
export interface LearnState {
  /** Iterations given to the engine. */
  iteration: number;
  /** B as it stands. */
  atomBatch: number;
  /** As last read back from the engine. */
  dictionary: Float32Array;
  /** What earlier batches weigh in each atom, read back with the dictionary. */
  weights: Float32Array;
  /** How rows are centred and scaled. */
  normalisation: Normalisation;
  /** Root mean square length of a normalised row. */
  rowLength: number;
  /** Training rows further from the mean than this (raw units) are pulled in to it; 0: none are. */
  normLimit: number;
  /** The limit by itself, whether or not a training row is beyond it; 0: there is none. */
  farLimit: number;
  /** Training rows pulled in so, in the first pass. */
  capped: number;
  /** Rows of a pass. */
  trainingRows: number;
  /** Rows of a pass in each shard, where they are dealt into shards. */
  shardRows?: Uint32Array | undefined;
  /** Rows given to the engine, over all passes. */
  rowsSeen: number;
  /** Uses of the atoms over the last pass. */
  window: UsageWindow;
  /** Atoms that the next iteration replaces. */
  replace: number[];
  /** Reports that were read since the last decision point, for the next one; empty there. */
  early: IterationReport[];
  /** Iterations given to the engine since the last decision point; empty there. */
  queued: { atomBatch: number; replaced: number; rows: number }[];
  /** FVU after the updates of the latest iterations, at most a cadence of them. */
  latest: number[];
  /** The best dictionary by validation, where one is sought. */
  best?: { fvu: number; iteration: number; dictionary: Float32Array };
  /** Set where validation ended the training early. */
  stopped?: boolean;
}

/** The state before the first iteration. */
export function freshState(
  dictionary: Float32Array,
  known: Pick<
    LearnState,
    | "normalisation"
    | "normLimit"
    | "farLimit"
    | "rowLength"
    | "trainingRows"
    | "shardRows"
  >,
  options: TrainOptions,
): LearnState {
  return {
    iteration: 0,
    atomBatch: atomBatchOf(options),
    dictionary,
    weights: new Float32Array(options.atoms),
    ...known,
    capped: 0,
    rowsSeen: 0,
    window: emptyWindow(options.atoms),
    replace: [],
    early: [],
    queued: [],
    latest: [],
  };
}

/**
 * Takes the engine's reports in: usage, metrics lines.
 *
 * @returns the new lines
 * @throws {DbksvdError} `run` where a sum is not finite
 */
export function noteReports(
  state: LearnState,
  reports: IterationReport[],
  plan: TrainingPlan,
): MetricsLine[] {
  const first = state.iteration - reports.length;
  requireFinite(reports, first);
  const lines = reports.map((report, i) => {
    noteUsage(state.window, report, plan.batches.length);
    state.rowsSeen += report.rows;
    const { atomBatch, replaced } = state.queued[i];
    return lineOf(report, first + i, state.rowsSeen, plan, {
      atomBatch,
      replaced,
    });
  });
  const latest = lines.map(({ updatedFvu }) => updatedFvu);
  state.latest = [...state.latest, ...latest].slice(-plan.cadence);
  state.queued = [];
  state.early = [];
  return lines;
}

/** Takes the decisions that the reports call for: the guard on the atom batch, and which atoms to replace next. */
export function settle(
  state: LearnState,
  reports: IterationReport[],
  plan: TrainingPlan,
  options: TrainOptions,
  onNotice?: (notice: string) => void,
): void {
  if (options.exact) return;
  guardAtomBatch(state, reports, onNotice);
  const report = reports.at(-1)!;
  const { dead, duplicates } = atomsToReplace(
    state.window,
    report,
    {
      iteration: state.iteration,
      iterations: plan.iterations,
      batchesPerPass: plan.batches.length,
    },
    options.minUses,
  );
  state.replace = [...dead, ...duplicates].slice(0, report.rows);
  if (state.replace.length > 0) {
    onNotice?.(
      `iteration ${state.iteration}: replacing ${dead.length} dead atoms and ${duplicates.length} near-duplicates by the worst rows`,
    );
  }
}

function guardAtomBatch(
  state: LearnState,
  reports: IterationReport[],
  onNotice?: (notice: string) => void,
): void {
  const rose = reports.some((report) =>
    report.updatedError > report.codingError * (1 + ROUNDING)
  );
  if (!rose || state.atomBatch === 1) return;
  state.atomBatch = Math.floor(state.atomBatch / 2);
  onNotice?.(
    `iteration ${state.iteration}: the update raised the error; atom batch is now ${state.atomBatch}`,
  );
}

/**
 * Refuses reports with a sum that is not finite, naming stage and batch.
 *
 * @param reports of consecutive iterations
 * @param first the number of the first one
 * @throws {DbksvdError} `run`
 */
export function requireFinite(
  reports: readonly IterationReport[],
  first: number,
): void {
  reports.forEach((report, i) => requireFiniteReport(report, first + i));
}

function requireFiniteReport(report: IterationReport, iteration: number): void {
  const stage = !Number.isFinite(report.energy)
    ? "rows"
    : !Number.isFinite(report.codingError)
    ? "code"
    : !Number.isFinite(report.updatedError)
    ? "update"
    : undefined;
  if (stage === undefined) return;
  throw new DbksvdError("run", "Numbers are no longer finite", {
    where: { stage, batch: iteration },
    mend:
      "look for rows of huge norm; --resume goes on from the last checkpoint",
  });
}

function lineOf(
  report: IterationReport,
  iteration: number,
  rowsSeen: number,
  plan: TrainingPlan,
  decided: { atomBatch: number; replaced: number },
): MetricsLine {
  const energy = report.energy || 1;
  return {
    iteration,
    pass: Math.floor(iteration / plan.batches.length),
    rowsSeen,
    codingFvu: report.codingError / energy,
    updatedFvu: report.updatedError / energy,
    l0: report.nonzeros / report.rows,
    atomBatch: decided.atomBatch,
    deadAtoms: report.usage.filter((uses) => uses === 0).length,
    duplicates: report.duplicates.length,
    replaced: decided.replaced,
    milliseconds: report.milliseconds,
    stages: report.stages,
  };
}

/** B: atoms updated from one residual, where the training begins. */
export function atomBatchOf(options: TrainOptions): number {
  const { atoms, sums, exact, atomBatch } = options;
  if (exact) return 1;
  return atomBatch ??
    (sums === undefined
      ? Math.max(1, Math.floor(atoms / 32))
      : Math.ceil(atoms / sums));
}
