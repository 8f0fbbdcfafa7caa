import {
  ENGINE_OPTIONS,
  type EngineChoice,
  engineFor,
} from "../coding/coder.ts";
import { requireAlike } from "../distributed/alike.ts";
import { solo } from "../distributed/communicator.ts";
import type { Engine, EngineSpec } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { learn } from "../learn/learn.ts";
import type { LearnHooks } from "../learn/hooks.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
  withSharing,
} from "../options/train_options.ts";
import { holdOut } from "../learn/held_out_groups.ts";
import { chooseTrainingSample } from "../learn/split.ts";
import type { RowMetrics } from "../metrics/accumulator.ts";
import { FORMAT_VERSION } from "../model/dictionary_file.ts";
import type { MetricsLines } from "../model/metrics_lines.ts";
import type {
  DictionaryModel,
  MetricsLine,
  ModelConfig,
} from "../model/model.ts";
import { rowsInBrief } from "../rows/in_brief.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import { droppedByAll, less } from "./dropped_together.ts";
import { type Measured, measureSets } from "./measure_sets.ts";
import { recordedInputs } from "./run_identity.ts";
import { loadDictionary } from "./models.ts";
import { DecoderSteps } from "./decoder_steps.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** How a training is run, beside what it is to learn. */
export interface TrainRun extends
  EngineChoice,
  Pick<
    LearnHooks,
    | "initial"
    | "checkEngine"
    | "onEngine"
    | "onProgress"
    | "onActivity"
    | "onDecision"
    | "onPause"
    | "record"
    | "resume"
    | "group"
    | "stopAsked"
    | "onStop"
  > {
  /** Called once the passes are done, before the dictionary is finished and measured. */
  onLearned?: (() => void) | undefined;
  /** Called with what was saved, where a signal ends a training that saves. */
  onSaved?: ((what: string) => void) | undefined;
}

/** The names of {@linkcode TrainRun}: all of them, as the type says. */
export const TRAIN_RUN = Object.keys(
  {
    ...ENGINE_OPTIONS,
    initial: true,
    checkEngine: true,
    onEngine: true,
    onProgress: true,
    onActivity: true,
    onDecision: true,
    onPause: true,
    record: true,
    resume: true,
    group: true,
    stopAsked: true,
    onStop: true,
    onLearned: true,
    onSaved: true,
  } satisfies Record<keyof TrainRun, true>,
);

/** A trained model with its record. */
export interface TrainedModel {
  /** The dictionary. */
  model: DictionaryModel;
  /** The record of the training. */
  config: ModelConfig;
  /** A line an iteration: go through them with `for await`. */
  metrics: MetricsLines;
  /** Metrics on rows never trained on, by the exact coder without ridge; absent where none were held out. */
  heldOut?: RowMetrics | undefined;
  /** The same on as many of the rows trained on: the gap tells how much was learned by heart. */
  training?: RowMetrics | undefined;
  /** How those rows use the atoms, and how their codes are spread. */
  heldOutCodes?: Omit<Measured, "metrics"> | undefined;
  /** How long it took. */
  seconds: number;
}

/** What {@linkcode train} gives. */
export interface TrainResult extends TrainedModel {
  /** A line an iteration; none where `record` took them. */
  metrics: MetricsLine[];
}

/**
 * Learns a dictionary and measures it on rows that it never saw.
 *
 * @param source where the rows come from (see `openRows`, `rowsFromArray`)
 * @param options what to learn; what is left out takes `DEFAULT_TRAIN_OPTIONS`
 * @param run the device, progress, an `AbortSignal`; a group to train in together
 * @throws {DbksvdError} `usage`, `data`, `device` or `run`
 *
 * @example
 * ```ts
 * import { rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const { model, heldOut } = await train(rowsFromArray(rows, 4), {
 *   atoms: 8,
 *   sparsity: 2,
 *   passes: 3,
 * }, { device: "cpu" });
 * assert.equal(model.dictionary.length, 8 * 4);
 * assert(heldOut!.fvu < 1);
 * ```
 */
export async function train(
  source: RowSource,
  options: Partial<TrainOptions> = {},
  run: TrainRun = {},
): Promise<TrainResult> {
  requireKnownOptions(run, TRAIN_RUN, "train()");
  const started = performance.now();
  const parameters: TrainOptions = withSharing(
    { ...DEFAULT_TRAIN_OPTIONS, ...options },
    run.group !== undefined,
  );
  await requireAlike(run.group, {
    version: TOOL_VERSION,
    ...parameters,
    ...run.group && await rowsInBrief(source),
  });
  const { rows: heldOut, by } = await holdOut(source, parameters, run.onNotice);
  let droppedBySteps: Record<string, number> = {};
  const rows = source.rowCount - (heldOut?.size ?? 0);
  const decoder = new DecoderSteps(parameters.decoderSteps, run);
  const learned = await learn(source, parameters, {
    ...run,
    createEngine: async (spec) =>
      await decoder.beside(await engineOf(spec, parameters, run), rows),
    initial: run.initial ?? await firstAtoms(run, parameters, source.width),
    heldOut,
    async onPassed(model, rows) {
      run.onLearned?.();
      const before = { ...source.dropped };
      const taken = await decoder.take(model, source, rows);
      droppedBySteps = less(source.dropped, before);
      return taken;
    },
  });
  const { model } = learned;
  const { measured, trained } = heldOut === undefined
    ? {}
    : await measureBoth(model, source, heldOut, parameters, run);
  if (heldOut !== undefined && measured?.metrics.rows === 0) {
    run.onNotice?.(
      `Of the ${heldOut.size} rows held out none is left by the filters: there is no held-out figure`,
    );
  }
  // For the decoder's steps, the first of several processes reads rows of the others, too.
  const dropped = run.group === undefined
    ? { ...source.dropped }
    : await droppedByAll(less(source.dropped, droppedBySteps), run.group);
  const seconds = (performance.now() - started) / 1000;
  const config: ModelConfig = {
    formatVersion: FORMAT_VERSION,
    toolVersion: TOOL_VERSION,
    parameters: { ...parameters },
    inputs: await recordedInputs(source),
    rows: {
      read: source.rowCount,
      training: learned.rows,
      heldOut: measured?.metrics.rows ?? 0,
      capped: learned.capped,
      dropped,
    },
    ...source.notRead?.length ? { notRead: [...source.notRead] } : {},
    ...by === "row" ? {} : { holdoutBy: by },
    ...learned.calibration && { calibration: learned.calibration },
    device: learned.engine,
    ...decoder.device && { decoder: { device: decoder.device } },
    ...(run.group && {
      distributed: {
        ranks: run.group.size,
        library: run.group.library,
        devices: learned.engines.map(({ name, details }) =>
          String(details.card ?? name)
        ),
      },
    }),
    heldOut: measured && scalars(measured.metrics),
    training: trained && scalars(trained.metrics),
    seconds,
  };
  return {
    model,
    config,
    metrics: learned.lines,
    heldOut: measured?.metrics,
    training: trained?.metrics,
    heldOutCodes: measured,
    seconds,
  };
}

// An engine of the training: in the thread of the processes that learn together.
async function engineOf(
  spec: EngineSpec,
  { shards }: TrainOptions,
  run: TrainRun,
): Promise<Engine> {
  const { engineThread } = run.group ?? solo();
  const thread = shards === undefined ? undefined : engineThread;
  return await engineFor(spec, run, run.onActivity, thread);
}

// The held-out rows, and as many of those trained on.
async function measureBoth(
  model: DictionaryModel,
  source: RowSource,
  heldOut: RowSet,
  { seed, shards }: TrainOptions,
  run: TrainRun,
): Promise<{ measured?: Measured; trained?: Measured }> {
  const sample = chooseTrainingSample(source.rowCount, heldOut, seed);
  const [measured, trained] = await measureSets(model, source, [
    heldOut,
    sample,
  ], {
    signal: run.signal,
    createEngine: (spec) => engineFor(spec, run, run.onActivity),
    shards,
    group: run.group,
    onProgress: ({ rows, total }) =>
      run.onActivity?.({ stage: "measuring", done: rows, total }),
  });
  return { measured, trained };
}

/**
 * The atoms of `init`, where it is a file or directory (of this tool or another); a resumed run has its dictionary.
 *
 * @throws {DbksvdError} where it cannot be read, or is of other sizes
 */
export async function firstAtoms(
  { resume }: TrainRun,
  { init, atoms }: TrainOptions,
  width: number,
): Promise<Float32Array | undefined> {
  if (resume || init === "rows" || init === "gaussian") return undefined;
  const model = await loadDictionary(init);
  if (model.width === width && model.atoms === atoms) return model.dictionary;
  throw new DbksvdError(
    "usage",
    `--init is a dictionary of ${model.atoms} atoms, ${model.width} wide, not ${atoms} by ${width}`,
    {
      where: { file: init },
      mend: "give the same --atoms and data of its width",
    },
  );
}

/** The metrics that are single numbers. */
export function scalars(metrics: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).filter(([, value]) => typeof value === "number"),
  );
}
