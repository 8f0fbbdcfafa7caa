import type { Engine, EngineSpec, Normalisation } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { DictionaryModel, MetricsLine } from "../model/model.ts";
import type { BatchOptions, RowSet, RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import { randomStream } from "../random.ts";
import { windowUsage } from "./housekeeping.ts";
import {
  initialiseFromRows,
  initialiseGaussian,
  spareRows,
} from "./initialise.ts";
import { freshState, type LearnState, noteReports, settle } from "./state.ts";
import type { TrainOptions } from "./options.ts";
import { atomOrder, planTraining, type TrainingPlan } from "./plan.ts";
import {
  gatherStatistics,
  normalisationOf,
  type RowStatistics,
} from "./statistics.ts";
import { validateAgainstWidth, validateOptions } from "./validate.ts";

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
  signal?: AbortSignal;
  /** Called with what does the work, once it is known. */
  onEngine?(info: Engine["info"]): void;
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
  lines: MetricsLine[];
  /** Training rows. */
  rows: number;
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
  const state = hooks.resume ?? await start(source, options, hooks);
  const spec = engineSpec(source.width, options, state.normalisation);
  const engine = await hooks.createEngine(spec);
  hooks.onEngine?.(engine.info);
  try {
    await engine.loadDictionary(state.dictionary);
    await runPasses(source, options, hooks, state, engine);
    state.dictionary = checkedDictionary(
      await engine.readDictionary(),
      source.width,
    );
    return {
      model: modelOf(state, spec, options),
      lines: state.lines,
      rows: state.trainingRows,
      engine: engine.info,
    };
  } finally {
    await engine.close();
  }
}

/** The engine that an option set asks for. */
export function engineSpec(
  width: number,
  options: TrainOptions,
  normalisation: Normalisation,
): EngineSpec {
  return {
    width,
    atoms: options.atoms,
    groups: options.matryoshka ?? [options.atoms],
    coder: {
      method: options.coder,
      sparsity: options.sparsity,
      nonnegative: options.nonnegative,
      tolerance: options.tolerance,
      refit: options.refit,
    },
    normalisation,
    sampleBatch: options.sampleBatch,
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
): Promise<LearnState> {
  const fromRows = hooks.initial === undefined && options.init === "rows";
  const statistics = await gatherStatistics(
    source.batches(4096, delivery(hooks)),
    source.width,
    {
      draw: fromRows ? options.atoms + spareRows(options.atoms) : 0,
      random: randomStream(options.seed, "draw"),
      most: Math.max(options.statsRows ?? Infinity, options.atoms),
    },
  );
  if (statistics.rows === 0) {
    throw new DbksvdError("data", "There are no rows to train on", {
      mend: "check the inputs, --holdout and any filters",
    });
  }
  const normalisation = normalisationOf(statistics, options);
  const dictionary = hooks.initial ??
    firstAtoms(statistics, source.width, options, normalisation);
  const trainingRows = options.statsRows === undefined
    ? statistics.rows
    : source.rowCount - (hooks.heldOut?.size ?? 0);
  return freshState(dictionary.slice(), normalisation, trainingRows, options);
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

function delivery(hooks: LearnHooks): BatchOptions {
  return { except: hooks.heldOut, signal: hooks.signal };
}

async function runPasses(
  source: RowSource,
  options: TrainOptions,
  hooks: LearnHooks,
  state: LearnState,
  engine: Engine,
): Promise<void> {
  const plan = planTraining(
    state.trainingRows,
    options.sampleBatch,
    options.passes,
  );
  const held: (number | undefined)[] = [];
  while (state.iteration < plan.iterations) {
    const first = state.iteration % plan.batches.length;
    const left = plan.batches.map((_, b) => b).slice(first);
    if (left.every((b) => held[b] !== undefined)) {
      for (const b of left) {
        const rows = { held: held[b]!, rows: plan.batches[b] };
        await iterate(engine, rows, plan, options, hooks, state);
      }
    } else {
      await streamPass(
        source,
        first,
        plan,
        held,
        options,
        hooks,
        state,
        engine,
      );
    }
  }
}

// One pass, or what is left of it, over streamed rows; batches that the device can hold are kept for later passes.
async function streamPass(
  source: RowSource,
  first: number,
  plan: TrainingPlan,
  held: (number | undefined)[],
  options: TrainOptions,
  hooks: LearnHooks,
  state: LearnState,
  engine: Engine,
): Promise<void> {
  const skipRows = plan.batches.slice(0, first).reduce((sum, n) => sum + n, 0);
  const shuffleSeed = plan.batches.length > 1 ? options.seed : undefined;
  const again = state.iteration + plan.batches.length < plan.iterations;
  let b = first;
  const batches = source.batches(plan.batches.slice(first), {
    ...delivery(hooks),
    shuffleSeed,
    skipRows,
  });
  for await (const batch of batches) {
    if (again) held[b] ??= await engine.holdRows(batch);
    const kept = held[b];
    const rows = kept === undefined ? batch : { held: kept, rows: batch.rows };
    await iterate(engine, rows, plan, options, hooks, state);
    b++;
  }
  if (b !== plan.batches.length) {
    throw new DbksvdError("data", "The inputs gave fewer rows than at first", {
      where: { batch: b },
      mend: "do not change the inputs while a training runs",
    });
  }
}

async function iterate(
  engine: Engine,
  rows: Parameters<Engine["iterate"]>[0],
  plan: TrainingPlan,
  options: TrainOptions,
  hooks: LearnHooks,
  state: LearnState,
): Promise<void> {
  hooks.signal?.throwIfAborted();
  const groups = options.matryoshka ?? [options.atoms];
  await engine.iterate(rows, {
    order: atomOrder(groups, options.seed, state.iteration, options.exact),
    atomBatch: state.atomBatch,
    ridge: options.exact ? 0 : options.ridge,
    replace: Uint32Array.from(state.replace),
  });
  noteQueued(state, rows.rows);
  const due = state.iteration % plan.cadence === 0 ||
    state.iteration === plan.iterations;
  if (!due) return;
  const reports = await engine.reports();
  const lines = noteReports(state, reports, plan);
  settle(state, reports, plan, options, hooks.onNotice);
  hooks.onProgress?.(lines, plan);
  await hooks.onDecision?.(async () => {
    state.dictionary = checkedDictionary(
      await engine.readDictionary(),
      engine.spec.width,
    );
    return state;
  });
}

function noteQueued(state: LearnState, rows: number): void {
  for (const atom of state.replace) {
    state.window.replacedAt[atom] = state.iteration;
  }
  state.queued.push({
    atomBatch: state.atomBatch,
    replaced: state.replace.length,
    rows,
  });
  state.replace = [];
  state.iteration++;
}

function checkedDictionary(
  dictionary: Float32Array,
  width: number,
): Float32Array {
  const bad = dictionary.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return dictionary;
  throw new DbksvdError(
    "run",
    "The dictionary has a value that is not finite",
    {
      where: { stage: "update", atom: Math.floor(bad / width) },
      mend: "check the rows for huge values; resume from the last checkpoint",
    },
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
    usage: windowUsage(state.window, spec.atoms),
    groups: spec.groups,
    coder: { ...spec.coder },
    seed: options.seed,
    toolVersion: TOOL_VERSION,
  };
}
