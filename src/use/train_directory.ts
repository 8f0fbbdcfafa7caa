import { DbksvdError } from "../errors.ts";
import { finishedCoder } from "../learn/finished_coder.ts";
import { requireAlike } from "../distributed/alike.ts";
import type { Communicator } from "../distributed/communicator.ts";
import { groupSizes } from "../options/groups.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
  withSharing,
} from "../options/train_options.ts";
import { validateAgainstWidth, validateOptions } from "../options/validate.ts";
import { coderInWords } from "../model/coder.ts";
import { saveModel } from "../model/directory.ts";
import type { ModelConfig } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { followLinks } from "../files/atomic.ts";
import { trainWithCheckpoints } from "./checkpointed.ts";
import { lockLabels } from "../labels/file.ts";
import { lockOutput, type OutputLock } from "./lock.ts";
import { succeedLabels } from "./carried_labels.ts";
import { requireApart } from "./output_guard.ts";
import {
  type Beginning,
  beginningOf,
  isTrainingsOwn,
  recoverDirectory,
  requireReplaceable,
} from "./output_directory.ts";
import { identityOf } from "./run_identity.ts";
import { follow, type GroupBeginning, joined, tell } from "./train_together.ts";
import {
  scalars,
  TRAIN_RUN,
  type TrainedModel,
  type TrainRun,
} from "./train.ts";
import {
  Checkpoints,
  type CheckpointSchedule,
  DEFAULT_SCHEDULE,
} from "./unfinished.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** Where a trained model goes. */
export interface TrainOutput {
  /** The model directory. While the training is unfinished, it holds its checkpoints. */
  out: string;
  /** Replace what is there, whatever it is a model of. */
  overwrite?: boolean | undefined;
  /**
   * Go on with the unfinished run in the directory. Where there is none the training starts afresh; where the model is
   * finished nothing is done. With `overwrite`, a run that cannot be gone on with is replaced.
   */
  resume?: boolean | undefined;
  /** How often to save the run; every 60 s by default. Every signal saves it too. */
  checkpointEvery?: CheckpointSchedule | undefined;
  /** How often to start again from the last checkpoint after the device failed; 0 by default. */
  retries?: number;
  /** The column the rows came from, for the record. */
  column?: string | undefined;
  /** How the rows were read beside that, for the record. */
  reading?: Record<string, unknown>;
  /** Further files for the model directory, made from the result, such as the report. */
  extras?(result: TrainedModel): Promise<Record<string, string>>;
}

/** The names of {@linkcode TrainOutput}: all of them, as the type says. */
const TRAIN_OUTPUT = Object.keys(
  {
    out: true,
    overwrite: true,
    resume: true,
    checkpointEvery: true,
    retries: true,
    column: true,
    reading: true,
    extras: true,
  } satisfies Record<keyof TrainOutput, true>,
);

/** What `train --json` prints. */
export interface TrainSummary {
  /** The model directory. */
  model: string;
  /** How its codes are found, in words. */
  coder: string;
  /** What did the work. */
  device: ModelConfig["device"];
  /** Rows trained on. */
  rows: number;
  /** Metrics on rows never trained on. */
  heldOut?: { rows: number; fvu: number } & Record<string, number> | undefined;
  /** Passes over the training rows. */
  passes: number;
  /** How long it took. */
  seconds: number;
  /** The record of the training. */
  config: ModelConfig;
  /** The iteration that the run went on from, where it was resumed. */
  resumedAt?: number | undefined;
  /** True where the run to resume was finished already, and nothing was done. */
  finishedBefore?: boolean;
}

/**
 * Trains and writes the model directory, whole or not at all. A finished model of the same configuration and inputs is
 * replaced; anything else in the way is refused unless `resume` or `overwrite` says what to do. A lock keeps other runs
 * out. When `run.signal` fires, the run is saved at its next decision point, and the signal's reason is thrown.
 *
 * @param source where the rows come from
 * @param options what to learn
 * @param output where the model goes, and how it is kept safe meanwhile
 * @param run the device, progress, an `AbortSignal`
 * @throws {DbksvdError} as {@linkcode train} does, and `usage` where the directory is in the way or in use
 *
 * @example
 * ```ts
 * import { rowsFromArray, trainToDirectory } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const out = `${await Deno.makeTempDir()}/model`;
 * const summary = await trainToDirectory(
 *   rowsFromArray(rows, 4),
 *   { atoms: 8, sparsity: 2 },
 *   { out, resume: true, checkpointEvery: { seconds: 30 } },
 *   { device: "cpu" },
 * );
 * assert.equal(summary.config.parameters.atoms, 8);
 * ```
 */
export async function trainToDirectory(
  source: RowSource,
  options: Partial<TrainOptions>,
  output: TrainOutput,
  run: Omit<TrainRun, "resume"> = {},
): Promise<TrainSummary> {
  requireKnownOptions(output, TRAIN_OUTPUT, "trainToDirectory()");
  requireKnownOptions(run, TRAIN_RUN, "trainToDirectory()");
  const { group } = run;
  if (group !== undefined) refuseRetries(output);
  const given = { ...DEFAULT_TRAIN_OPTIONS, ...options };
  const parameters = withSharing(given, group !== undefined);
  validateOptions(parameters);
  validateAgainstWidth(parameters, source.width);
  if (group === undefined) {
    return await trainAsWriter(source, parameters, output, run);
  }
  const { column, reading } = output;
  await requireAlike(group, { column, ...reading });
  const together = joined(run, group);
  if (group.rank > 0) return await follow(source, parameters, together);
  const summary = await trainAsWriter(source, parameters, output, together.run);
  return await tell(group, summary);
}

// One process that starts again would be waited for by others that do not.
function refuseRetries({ retries = 0 }: TrainOutput): void {
  if (retries === 0) return;
  throw new DbksvdError("usage", "--retries is for one process", {
    mend:
      "leave it out with --mpi: start the job again with --resume, as the launcher or the scheduler can",
  });
}

async function trainAsWriter(
  source: RowSource,
  parameters: TrainOptions,
  output: TrainOutput,
  run: Omit<TrainRun, "resume">,
): Promise<TrainSummary> {
  await requireReplaceable(output.out);
  // The place itself, however it was named: one lock for all names, and a link stays a link.
  const out = await followLinks(output.out);
  await requireReplaceable(out);
  await requireApart(out, source.files.map(({ path }) => path));
  const lock = await lockOutput(out, run.onNotice);
  try {
    await recoverDirectory(out);
    const place = { ...output, out };
    const done = await trainLocked(source, parameters, place, run, lock);
    return { ...done, model: output.out };
  } finally {
    await lock.release();
  }
}

async function trainLocked(
  source: RowSource,
  parameters: TrainOptions,
  output: TrainOutput,
  run: Omit<TrainRun, "resume">,
  lock: OutputLock,
): Promise<TrainSummary> {
  const { out, column, reading } = output;
  const { initial, onNotice } = run;
  const identity = await identityOf(source, parameters, {
    column,
    reading,
    initial,
  });
  const checkpoints = new Checkpoints(
    out,
    output.checkpointEvery ?? DEFAULT_SCHEDULE,
    () => lock.requirePlace(),
  );
  const stays = await isTrainingsOwn(out, checkpoints);
  const beginning = await beginningOf(output, identity, checkpoints, onNotice);
  await tellBeginning(run.group, beginning);
  if (beginning.kind === "finished") {
    onNotice?.(`The run in ${out} is finished; there is nothing to resume`);
    return { ...summaryOf(out, beginning.config), finishedBefore: true };
  }
  const from = beginning.kind === "resumed" ? beginning.from : undefined;
  const resumedAt = from?.state.iteration;
  const result = await trainWithCheckpoints(source, parameters, {
    ...run,
    checkpoints,
    identity,
    from,
    retries: output.retries ?? 0,
  }).catch(async (error) => {
    await checkpoints.abandon();
    throw error;
  });
  const { model, config, metrics } = result;
  if (column !== undefined) config.column = column;
  if (reading !== undefined) config.reading = reading;
  const extras = await output.extras?.(result) ?? {};
  await lock.requirePlace();
  // A name that is given from here on is given to the new model's atoms, or refused.
  using _names = await lockLabels(out);
  for (let isThere = false; !isThere;) {
    const succession = await succeedLabels(out, model, { onNotice });
    const { labels, files, isStill } = succession;
    const named = labels === undefined ? model : { ...model, labels };
    const further = { ...extras, ...files };
    isThere = await saveModel(
      ...[out, named, config, metrics, further, stays, isStill] as const,
    );
  }
  return { ...summaryOf(out, config), resumedAt };
}

async function tellBeginning(
  group: Communicator | undefined,
  beginning: Beginning,
): Promise<void> {
  if (group === undefined) return;
  const { kind } = beginning;
  await tell<GroupBeginning>(
    group,
    kind === "resumed" ? { kind, state: beginning.from.state } : { kind },
  );
}

function summaryOf(out: string, config: ModelConfig): TrainSummary {
  const { heldOut, rows, calibration } = config;
  const parameters = config.parameters as unknown as TrainOptions;
  return {
    model: out,
    coder: coderInWords({
      coder: {
        ...finishedCoder(parameters),
        threshold: calibration?.threshold,
      },
      groups: groupSizes(parameters),
    }),
    device: config.device,
    rows: rows.training,
    heldOut: heldOut &&
      { ...scalars(heldOut), rows: rows.heldOut, fvu: heldOut.fvu },
    passes: parameters.passes,
    seconds: config.seconds ?? 0,
    config,
  };
}
