import type { IterationReport } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { LearnState } from "./state.ts";

/**
 * Checks that a value read from a checkpoint is a state that a training of these options can go on from.
 *
 * @param value what was read
 * @param options the training's parameters
 * @param width n
 * @throws {DbksvdError} `data` where it is not
 */
export function checkedState(
  value: unknown,
  options: TrainOptions,
  width: number,
): LearnState {
  const state = value as LearnState;
  const { atoms } = options;
  const sound = isObject(state) && isObject(state.normalisation) &&
    isObject(state.window) &&
    isCount(state.iteration) && isCount(state.atomBatch) &&
    isCount(state.trainingRows) && isCount(state.rowsSeen) &&
    hasShards(state, options.shards) &&
    isFinite32(state.dictionary, atoms * width) &&
    isFinite32(state.weights, atoms) &&
    isFinite32(state.normalisation.mean, width) &&
    state.normLimit >= 0 && state.farLimit >= 0 && state.rowLength >= 0 &&
    isCount(state.capped) &&
    state.normalisation.scale > 0 && state.normalisation.scale < Infinity &&
    Array.isArray(state.window.recent) &&
    state.window.recent.every((uses) =>
      uses instanceof Uint32Array && uses.length === atoms
    ) &&
    state.window.replacedAt instanceof Int32Array &&
    state.window.replacedAt.length === atoms &&
    Array.isArray(state.replace) &&
    state.replace.every((atom) => isCount(atom) && atom < atoms) &&
    areReports(state.early, atoms) &&
    Array.isArray(state.queued) && state.queued.length === state.early.length &&
    state.queued.every(({ rows }) => isCount(rows)) &&
    Array.isArray(state.latest) && state.latest.every(Number.isFinite);
  if (sound) return state;
  throw new DbksvdError("data", "The checkpoint's state does not fit", {
    mend: "start afresh with --overwrite",
  });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areReports(
  value: unknown,
  atoms: number,
): value is IterationReport[] {
  return Array.isArray(value) &&
    value.every((report: IterationReport) =>
      isObject(report) && isCount(report.rows) &&
      [report.energy, report.codingError, report.updatedError]
        .every(Number.isFinite) &&
      report.usage instanceof Uint32Array && report.usage.length === atoms &&
      report.duplicates instanceof Uint32Array
    );
}

function hasShards(state: LearnState, shards: number | undefined): boolean {
  const { shardRows, trainingRows } = state;
  if (shards === undefined) return shardRows === undefined;
  return shardRows instanceof Uint32Array && shardRows.length === shards &&
    shardRows.reduce((sum, rows) => sum + rows, 0) === trainingRows;
}

function isFinite32(value: unknown, length: number): boolean {
  return value instanceof Float32Array && value.length === length &&
    value.every(Number.isFinite);
}
