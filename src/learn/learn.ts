import type { Engine, EngineSpec, Normalisation } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { DictionaryModel, MetricsLine } from "../model/model.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import { randomStream } from "../random.ts";
import { finishedCoder } from "./finished_coder.ts";
import { groupNonzeros, groupSizes } from "./groups.ts";
import { windowUsage } from "./housekeeping.ts";
import {
  initialiseFromRows,
  initialiseGaussian,
  spareRows,
} from "./initialise.ts";
import { freshState, type LearnState } from "./state.ts";
import type { TrainOptions } from "./options.ts";
import { finiteDictionary, runPasses } from "./passes.ts";
import { planTraining, sampleBatchFor, type TrainingPlan } from "./plan.ts";
import type { FarRows } from "./norms.ts";
import {
  gatherWithin,
  normalisationOf,
  type RowStatistics,
} from "./statistics.ts";
import { Validation, validationRows } from "./validation.ts";
import { validateAgainstWidth, validateOptions } from "./validate.ts";

/** Rows whose median distance from the mean is taken, at least. */
const ROWS_FOR_MEDIAN = 1024;
/** Rows beyond the norm cap are told of where they hold this share of the energy. */
const NOTABLE_SHARE = 0.05;

/** How a training is driven from outside. */
export interface LearnHooks {
  /** Makes the engine that does the work. */
  createEngine(spec: EngineSpec): Promise<Engine>;
  /** First atoms (atoms × width, unit rows), in place of `options.init`. */
  initial?: Float32Array;
  /** Rows never to be trained on. */
  heldOut?: RowSet;
  /** Continue from here; the statistics pass is not repeated. */
  resume?: LearnState;
  /** Stops the training, which then throws the signal's reason. */
  signal?: AbortSignal;
  /** Called with what does the work, once it is known. */
  onEngine?(info: Engine["info"]): void;
  /** Takes the metrics, a line an iteration, before every decision point; without it they are kept for the result. */
  record?(lines: readonly MetricsLine[]): Promise<void> | void;
  /** Called after every decision point with the lines since the last one. */
  onProgress?(lines: MetricsLine[], plan: TrainingPlan): void;
  /** Called at every decision point; `state` reads the dictionary back when called. */
  onDecision?(state: () => Promise<LearnState>): Promise<void> | void;
  /** A word for the log: atom batch halved, replacements. */
  onNotice?(notice: string): void;
}

/** What a training gives. */
export interface LearnResult {
  model: DictionaryModel;
  /** A line an iteration; none where `record` took them. */
  lines: MetricsLine[];
  /** Training rows. */
  rows: number;
  /** Of these, rows of huge norm that were drawn in (see `normCap`). */
  capped: number;
  engine: Engine["info"];
}

/**
 * Learns a dictionary by DB-KSVD (arXiv 2505.18441): K-SVD iterations on sample batches, atoms updated in batches.
 *
 * @param source where the rows come from
 * @param options every parameter
 * @param hooks the engine's maker and the outside's wishes
 * @throws {DbksvdError} `usage` for parameters that cannot work, `data` for rows that cannot be used, `run` where numbers
 * stop being finite; an AbortError where the signal fires
 */
export async function learn(
  source: RowSource,
  options: TrainOptions,
  hooks: LearnHooks,
): Promise<LearnResult> {
  validateOptions(options);
  validateAgainstWidth(options, source.width);
  const watched = validationRows(source, options, hooks.heldOut);
  const except = union(hooks.heldOut, watched);
  const state = hooks.resume ?? await start(source, options, hooks, except);
  const plan = planTraining(
    state.trainingRows,
    sampleBatchFor(options, state.trainingRows),
    options.passes,
  );
  const spec = engineSpec(source.width, options, state.normalisation, plan);
  const engine = await hooks.createEngine(spec);
  hooks.onEngine?.(engine.info);
  const kept: MetricsLine[] = [];
  const record = hooks.record ?? ((lines) => void kept.push(...lines));
  try {
    await engine.loadDictionary(state.dictionary, state.weights);
    const validation = watched.size > 0
      ? await Validation.open(source, watched)
      : undefined;
    await runPasses({
      source,
      options,
      hooks,
      state,
      engine,
      plan,
      except,
      record,
      validation,
    });
    state.dictionary = state.best?.dictionary ??
      await finiteDictionary(engine, state.iteration);
    return {
      model: modelOf(state, spec, options),
      lines: kept,
      rows: state.trainingRows,
      capped: state.capped,
      engine: engine.info,
    };
  } finally {
    await engine.close();
  }
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
  };
}

async function start(
  source: RowSource,
  options: TrainOptions,
  hooks: LearnHooks,
  except: RowSet | undefined,
): Promise<LearnState> {
  const rowsToCome = (borrow: boolean) =>
    source.batches(4096, { except, signal: hooks.signal, borrow });
  const fromRows = hooks.initial === undefined && options.init === "rows";
  const { statistics, limit, far } = await gatherWithin(
    rowsToCome,
    source.width,
    {
      draw: Math.max(
        ROWS_FOR_MEDIAN,
        fromRows ? options.atoms + spareRows(options.atoms) : 0,
      ),
      seed: options.seed,
      most: Math.max(options.statsRows ?? Infinity, options.atoms),
      normCap: options.exact ? 0 : options.normCap,
    },
  );
  if (statistics.rows === 0) {
    throw new DbksvdError("data", "There are no rows to train on", {
      mend: "check the inputs, --holdout and any filters",
    });
  }
  if (far !== undefined) tellFarRows(far, options, hooks);
  const normalisation = normalisationOf(statistics, options);
  const dictionary = hooks.initial ??
    firstAtoms(statistics, source.width, options, normalisation);
  const trainingRows = options.statsRows === undefined
    ? statistics.rows
    : source.rowCount - (except?.size ?? 0);
  return freshState(
    dictionary.slice(),
    {
      normalisation,
      rowLength: normalisation.scale * Math.sqrt(
        options.center ? statistics.spread : statistics.energy,
      ),
      normLimit: isBeyondReach(limit, statistics, options) ? 0 : limit,
      farLimit: limit,
      trainingRows,
    },
    options,
  );
}

// A few rows that hold much of what there is are most often attention sinks, or damage.
function tellFarRows(
  { rows, share }: FarRows,
  { normCap }: TrainOptions,
  { onNotice }: LearnHooks,
) {
  if (share < NOTABLE_SHARE) return;
  const many = rows === 1 ? "1 row is" : `${rows} rows are`;
  onNotice?.(
    `${many} more than ${normCap} times as far from the others as these are (--norm-cap) and ` +
      `${rows === 1 ? "holds" : "hold"} ${
        (100 * share).toFixed(1)
      }% of the energy: drawn in to that distance, for the mean and the scale too. ` +
      `--max-norm-quantile 0.999 leaves such rows out`,
  );
}

// True where every training row was seen to be nearer than the limit: none needs to be looked at again.
function isBeyondReach(
  limit: number,
  { reach }: RowStatistics,
  { center, statsRows }: TrainOptions,
): boolean {
  return center && statsRows === undefined && reach <= limit;
}

function firstAtoms(
  statistics: RowStatistics,
  width: number,
  options: TrainOptions,
  normalisation: Normalisation,
): Float32Array {
  const random = randomStream(options.seed, "init");
  return options.init === "gaussian"
    ? initialiseGaussian(options.atoms, width, random)
    : initialiseFromRows(
      statistics.drawn,
      options.atoms,
      width,
      normalisation,
      random,
    );
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
