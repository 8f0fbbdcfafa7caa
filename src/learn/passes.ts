import type { Share, Training } from "./training.ts";
import type { Engine } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { RowBatch } from "../rows/source.ts";
import { fadeRows } from "./norms.ts";
import { groupSizes } from "../options/groups.ts";
import { mayHold } from "./held.ts";
import { atomOrder } from "./plan.ts";
import { leftByUpdates, scheduledStep } from "./schedule.ts";
import {
  type LearnState,
  noteReports,
  requireFinite,
  settle,
} from "./state.ts";

/** Works through the passes that are left, or until validation says that more would not help. */
export async function runPasses(training: Training): Promise<void> {
  const { plan, state } = training;
  const held: (Share | undefined)[] = [];
  while (state.iteration < plan.iterations && !state.stopped) {
    const first = state.iteration % plan.batches.length;
    const left = plan.batches.map((_, b) => b).slice(first);
    if (left.every((b) => held[b] !== undefined)) {
      for (const b of left) {
        await iterate(training, held[b]!);
      }
    } else await streamPass(training, first, held);
  }
}

// One pass, or what is left of it, over streamed rows; batches that the device can hold are kept for later passes.
async function streamPass(
  training: Training,
  first: number,
  held: (Share | undefined)[],
): Promise<void> {
  const { state, engine, plan, iterating, source } = training;
  const again = state.iteration + plan.batches.length < plan.iterations;
  const holds = again &&
    (engine.info.kind === "gpu" || mayHold(source, state.trainingRows));
  let b = first;
  for await (const batch of oneAhead(iterating.batches(first))) {
    pullIn(training, batch);
    const parts = "parts" in batch ? batch.parts : undefined;
    const { rows } = batch;
    if (holds && held[b] === undefined) {
      const number = await engine.holdRows(batch);
      if (number !== undefined) {
        held[b] = { rows: { held: number, rows }, parts };
      }
    }
    const kept = held[b];
    if (kept !== undefined) batch.release?.();
    await iterate(training, kept ?? { rows: batch, parts });
    b++;
  }
  if (b !== plan.batches.length) {
    throw new DbksvdError("data", "The inputs gave fewer rows than at first", {
      where: { batch: b },
      mend: training.options.statsRows === undefined
        ? "do not change the inputs while a training runs"
        : "leave --stats-rows out where filters drop more than a few rows: all rows are counted then",
    });
  }
}

// The next batch is put together while the engine works on the one before: from when that was taken in, so that no
// memory is taken for another one before.
async function* oneAhead<T extends Pick<RowBatch, "release">>(
  source: AsyncIterable<T>,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let coming = iterator.next();
  try {
    while (true) {
      const { done, value } = await coming;
      if (done) return;
      const taken = Promise.withResolvers<void>();
      const { release } = value;
      value.release = () => {
        release?.();
        taken.resolve();
      };
      coming = taken.promise.then(() => iterator.next());
      // Whoever asks for it learns of a failure; it is not unhandled until then.
      coming.catch(() => {});
      yield value;
      taken.resolve();
    }
  } finally {
    await iterator.return?.();
  }
}

function pullIn(
  training: Training,
  batch: Pick<RowBatch, "data" | "rows">,
): void {
  const { state, plan } = training;
  if (state.normLimit === 0) return;
  const pulled = fadeRows(batch, state.normalisation.mean, state.normLimit);
  if (state.iteration < plan.batches.length) training.pulledIn += pulled;
}

async function iterate(training: Training, share: Share): Promise<void> {
  const { options, hooks, state, plan, iterating } = training;
  hooks.signal?.throwIfAborted();
  const groups = groupSizes(options);
  // Of all processes: the share may be a part of it.
  const rows = plan.batches[state.iteration % plan.batches.length];
  await iterating.iterate(share, {
    order: atomOrder(groups, options.seed, state.iteration, options.exact),
    atomBatch: state.atomBatch,
    replace: Uint32Array.from(state.replace),
    ...scheduledStep(options, plan, state.iteration, {
      rows,
      length: state.rowLength,
    }, leftByUpdates(state.latest)),
  });
  noteQueued(state, rows);
  const passEnds = state.iteration % plan.batches.length === 0;
  const validates = passEnds && training.validation !== undefined;
  const due = state.iteration % plan.cadence === 0 || validates ||
    state.iteration === plan.iterations;
  if (!due) return await pause(training);
  const { reports: late, said } = await iterating.reports({
    capped: training.pulledIn,
    stop: hooks.stopAsked?.() ?? false,
  });
  const reports = [...state.early, ...late];
  training.pace.note(state.iteration);
  training.pulledIn = 0;
  state.capped += said.capped;
  const lines = noteReports(state, reports, plan);
  settle(state, reports, plan, options, hooks.onNotice);
  if (validates) await training.validation!.look(training, lines);
  await training.record(lines);
  hooks.onProgress?.(lines, plan);
  if (said.stop) hooks.onStop?.();
  await hooks.onDecision?.(() => readState(training));
}

// Between decision points: what slow iterations did is read as they end, for the next decision. Nothing is decided by
// it, so that the dictionary does not depend on the pace.
async function pause(training: Training): Promise<void> {
  const { hooks, options, state, engine, plan, pace } = training;
  if (hooks.onPause === undefined || options.shards !== undefined) return;
  if (!pace.isSlow) return;
  const reports = await engine.reports();
  requireFinite(reports, state.iteration - reports.length);
  state.early.push(...reports);
  pace.note(state.iteration);
  if (!pace.isSlow) return;
  state.capped += training.pulledIn;
  training.pulledIn = 0;
  await hooks.onPause(() => readState(training), plan);
}

async function readState({ engine, state }: Training): Promise<LearnState> {
  state.dictionary = await finiteDictionary(engine, state.iteration);
  state.weights = checkedWeights(await engine.readWeights(), state.iteration);
  return state;
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

function checkedWeights(
  weights: Float32Array,
  iteration: number,
): Float32Array {
  const atom = weights.findIndex((value) => !Number.isFinite(value));
  if (atom < 0) return weights;
  throw new DbksvdError("run", "An atom's weight is not finite", {
    where: { stage: "update", batch: iteration - 1, atom },
    mend: "check the rows for huge values; resume from the last checkpoint",
  });
}

/**
 * Reads the dictionary back, and refuses one that is no longer finite.
 *
 * @param engine what holds it
 * @param iteration iterations done
 * @throws {DbksvdError} `run`
 */
export async function finiteDictionary(
  engine: Engine,
  iteration: number,
): Promise<Float32Array> {
  const dictionary = await engine.readDictionary();
  const bad = dictionary.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return dictionary;
  throw new DbksvdError(
    "run",
    "The dictionary has a value that is not finite",
    {
      where: {
        stage: "update",
        batch: iteration - 1,
        atom: Math.floor(bad / engine.spec.width),
      },
      mend: "check the rows for huge values; resume from the last checkpoint",
    },
  );
}
