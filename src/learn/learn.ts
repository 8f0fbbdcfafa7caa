import type { LearnHooks } from "./hooks.ts";
import { DbksvdError } from "../errors.ts";
import { type Communicator, solo } from "../distributed/communicator.ts";
import type { Engine, EngineSpec, Normalisation } from "../engine/engine.ts";
import { calibrationInWords } from "../model/coder.ts";
import type { DictionaryModel, MetricsLine } from "../model/model.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import {
  calibrate,
  type Calibration,
  calibrationRows,
  type CalibrationTask,
  likelyThreshold,
} from "./calibration.ts";
import { finishedCoder } from "./finished_coder.ts";
import { groupNonzeros, groupSizes } from "../options/groups.ts";
import { alone, together } from "./iterating.ts";
import { windowUsage } from "./housekeeping.ts";
import { startOf } from "./start.ts";
import type { LearnState } from "./state.ts";
import type { TrainOptions } from "../options/train_options.ts";
import { Pace } from "./pace.ts";
import { finiteDictionary, runPasses } from "./passes.ts";
import { planTraining, sampleBatchFor, type TrainingPlan } from "./plan.ts";
import { largestShare } from "./shards.ts";
import { ROWS_AT_ONCE as VALIDATED_AT_ONCE } from "./own_rows.ts";
import { Validation, validationRows } from "./validation.ts";
import { validateAgainstWidth, validateOptions } from "../options/validate.ts";

/** What a training gives. */
export interface LearnResult {
  model: DictionaryModel;
  /** A line an iteration; none where `record` took them. */
  lines: MetricsLine[];
  /** Training rows. */
  rows: number;
  /** Of these, rows of huge norm that were pulled in (see `normCap`). */
  capped: number;
  engine: Engine["info"];
  /** What did the work of each process, in order of rank. */
  engines: Engine["info"][];
  /** How rows share their nonzeros, where they do. */
  calibration?: Calibration | undefined;
}

/**
 * Learns a dictionary by DB-KSVD (arXiv 2505.18441): K-SVD iterations on sample batches, atoms updated in batches.
 *
 * @param source where the rows come from
 * @param options every parameter
 * @param hooks the engine's maker, and who follows and stops the training
 * @throws {DbksvdError} `usage` for parameters that cannot work, `data` for rows that cannot be used, `run` where
 * numbers stop being finite; an AbortError where the signal fires
 */
export async function learn(
  source: RowSource,
  options: TrainOptions,
  hooks: LearnHooks,
): Promise<LearnResult> {
  validateOptions(options);
  validateAgainstWidth(options, source.width);
  requireShards(options, hooks.group);
  const watched = validationRows(source, options, hooks.heldOut);
  if (options.patience > 0 && watched.size === 0) {
    hooks.onNotice?.(
      "There are too few rows for early stopping to watch any: it stops nothing",
    );
  }
  const except = union(hooks.heldOut, watched);
  const state = hooks.resume ?? await startOf(source, options, hooks, except);
  const plan = planTraining(
    state.trainingRows,
    sampleBatchFor(options, state.trainingRows),
    options.passes,
  );
  const spec = engineSpec(source.width, options, state.normalisation, {
    ...plan,
    ...shareOfPlan(state, plan, hooks.group),
  });
  const engine = await hooks.createEngine(spec);
  const kept: MetricsLine[] = [];
  const record = hooks.record ?? ((lines) => void kept.push(...lines));
  let devices: Pick<LearnResult, "engine" | "engines">;
  try {
    const info = await hooks.checkEngine?.(engine.info) ?? engine.info;
    hooks.onEngine?.(info);
    const engines = await enginesOf(info, hooks.group);
    await engine.loadDictionary(state.dictionary, state.weights);
    const validation = watched.size > 0
      ? await Validation.open(source, watched, options, hooks)
      : undefined;
    const training = {
      source,
      options,
      hooks,
      state,
      engine,
      plan,
      except,
      record,
      validation,
      pulledIn: 0,
      pace: new Pace(),
    };
    const iterating = options.shards === undefined
      ? alone(training)
      : together(training, engines);
    await runPasses({ ...training, iterating });
    state.dictionary = state.best?.dictionary ??
      await finiteDictionary(engine, state.iteration);
    devices = { engine: info, engines };
  } finally {
    await engine.close();
  }
  const learned = modelOf(state, spec, options);
  const learnedRows = { rows: state.trainingRows, except };
  const model = await hooks.onPassed?.(learned, learnedRows) ?? learned;
  const rows = calibrationRows(source.rowCount, { ...hooks, watched });
  const guess = likelyThreshold(state.rowLength, options.sparsity);
  const task = { model, source, rows, guess };
  return {
    ...await calibrated(task, options, hooks),
    lines: kept,
    rows: state.trainingRows,
    capped: state.capped,
    ...devices,
  };
}

// The model, with the threshold by which rows share their nonzeros, where they are to.
async function calibrated(
  task: CalibrationTask,
  options: TrainOptions,
  hooks: LearnHooks,
): Promise<Pick<LearnResult, "model" | "calibration">> {
  const { model } = task;
  if (options.maxSparsity === undefined) return { model };
  const calibration = await calibrate(task, options, hooks);
  const { threshold } = calibration;
  hooks.onNotice?.(
    `Rows share their nonzeros: ${calibrationInWords(calibration)}`,
  );
  return {
    model: { ...model, coder: { ...model.coder, threshold } },
    calibration,
  };
}

function requireShards(
  { shards }: TrainOptions,
  group: Communicator = solo(),
): void {
  if (group.size <= (shards ?? 1)) return;
  throw new DbksvdError(
    "usage",
    `${group.size} processes cannot share ${
      shards ?? 1
    } shards: each owns at least one`,
    { mend: "start fewer processes, or give --shards as many" },
  );
}

async function enginesOf(
  info: Engine["info"],
  group: Communicator = solo(),
): Promise<Engine["info"][]> {
  const own = new TextEncoder().encode(JSON.stringify(info));
  return (await group.gather(own))
    .map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
}

// A process holds its share of a batch, but as many rows as validation codes at a time.
function shareOfPlan(
  { shardRows }: LearnState,
  { batches }: TrainingPlan,
  group: Communicator = solo(),
): Partial<TrainingPlan> {
  if (shardRows === undefined) return {};
  const most = largestShare(shardRows, batches.length, group);
  return { batches: [Math.max(most, Math.min(batches[0], VALIDATED_AT_ONCE))] };
}

function union(
  one: RowSet | undefined,
  other: RowSet,
): RowSet | undefined {
  if (other.size === 0) return one;
  return {
    size: (one?.size ?? 0) + other.size,
    has: (row) => other.has(row) || (one?.has(row) ?? false),
  };
}

/** The engine that an option set asks for. */
export function engineSpec(
  width: number,
  options: TrainOptions,
  normalisation: Normalisation,
  plan: TrainingPlan,
): EngineSpec {
  return {
    width,
    atoms: options.atoms,
    groups: groupSizes(options),
    coder: {
      method: options.coder,
      sparsity: options.sparsity,
      nonnegative: options.nonnegative,
      tolerance: options.tolerance,
      refit: options.refit,
      refine: options.refine,
      groupSparsity: groupNonzeros(options),
    },
    normalisation,
    sampleBatch: plan.batches[0],
    powerSteps: options.powerSteps,
    exact: options.exact,
    gram: options.gram,
    rows: options.rows,
    ...(options.shards !== undefined && { sums: options.sumType ?? "f32" }),
  };
}

function modelOf(
  state: LearnState,
  spec: EngineSpec,
  options: TrainOptions,
): DictionaryModel {
  return {
    width: spec.width,
    atoms: spec.atoms,
    dictionary: state.dictionary,
    mean: state.normalisation.mean,
    scale: state.normalisation.scale,
    normLimit: state.farLimit > 0 ? state.farLimit : undefined,
    usage: windowUsage(state.window, spec.atoms),
    groups: spec.groups,
    coder: finishedCoder(options),
    seed: options.seed,
    toolVersion: TOOL_VERSION,
  };
}
