import { engineCoder, type PursuitCoder } from "../coding/coder.ts";
import { solo } from "../distributed/communicator.ts";
import { EMPTY_SLOT } from "../engine/engine.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { TrainOptions } from "../options/train_options.ts";
import { randomStream } from "../random.ts";
import { RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { LearnHooks } from "./hooks.ts";
import { ownRows } from "./own_rows.ts";
import { chooseAmong } from "./split.ts";
import { type Threshold, thresholdFor } from "./threshold.ts";

/** Rows that a threshold is calibrated on, at most: their mean is off by some .3 % of k. */
const MOST_ROWS = 16384;

/** How rows share their nonzeros. */
export interface Calibration extends Threshold {
  /** Which rows it was found on: those that early stopping watched, held-out ones, or training rows. */
  on: "validation" | "held-out" | "training";
  /** How many. */
  rows: number;
}

/** Rows out of which a threshold is calibrated: all but some. */
export interface CalibrationRows {
  on: Calibration["on"];
  except: RowSet | undefined;
}

/** What is calibrated, and on what. */
export interface CalibrationTask {
  /** The finished dictionary, coded to `maxSparsity`. */
  model: DictionaryModel;
  source: RowSource;
  /** The first of them that filters leave something of are taken. */
  rows: readonly CalibrationRows[];
  /** A threshold to begin with. */
  guess: number;
}

/**
 * Which rows a threshold is calibrated on: if possible some that the dictionary did not learn from, as training rows,
 * which it fits better, would have others exceed k.
 *
 * @param rowCount all rows
 * @param sets what early stopping watched, and what was held out
 * @returns the best first: filters may leave none of a few rows
 */
export function calibrationRows(
  rowCount: number,
  { watched, heldOut }: { watched: RowSet; heldOut?: RowSet | undefined },
): CalibrationRows[] {
  const only = (rows: RowSet): RowSet => ({
    size: rowCount - rows.size,
    has: (row) => !rows.has(row),
  });
  const apart = [
    { on: "validation" as const, rows: watched },
    { on: "held-out" as const, rows: heldOut ?? new RowBits(0) },
  ].filter(({ rows }) => rows.size > 0);
  const learned = apart.length === 0 ? undefined : {
    size: apart.reduce((sum, { rows }) => sum + rows.size, 0),
    has: (row: number) => apart.some(({ rows }) => rows.has(row)),
  };
  return [
    ...apart.map(({ on, rows }) => ({ on, except: only(rows) })),
    { on: "training", except: learned },
  ];
}

/**
 * A threshold that is seldom far off: a quarter of one of k equal coefficients.
 *
 * @param rowLength root mean square length of a normalised row
 * @param sparsity k
 */
export function likelyThreshold(rowLength: number, sparsity: number): number {
  return rowLength / Math.sqrt(sparsity) / 4;
}

/**
 * Finds the threshold of the correlations by which rows share k nonzeros on average. The same on all processes: each
 * codes its own rows.
 *
 * @param task the dictionary and its rows
 * @param options the seed, and how many shards there are
 * @param hooks the engine's maker, the processes, a signal
 */
export async function calibrate(
  task: CalibrationTask,
  options: Pick<TrainOptions, "seed" | "shards">,
  hooks: Pick<LearnHooks, "createEngine" | "group" | "signal" | "onActivity">,
): Promise<Calibration> {
  const { model, source, rows: [{ on, except }, ...others], guess } = task;
  const { group = solo(), signal } = hooks, { sparsity } = model.coder;
  const random = randomStream(options.seed, "calibration");
  const rows = chooseAmong(source.rowCount, except, MOST_ROWS, random);
  const { data } = await ownRows(source, rows, options, hooks);
  const sum = async (own: number) => (await group.sum(Float64Array.of(own)))[0];
  const count = await sum(data.length / source.width);
  // Filters may drop all of a few held-out rows.
  if (count === 0 && others.length > 0) {
    return await calibrate({ ...task, rows: others }, options, hooks);
  }
  const { createEngine } = hooks;
  const coder = await engineCoder(model, { createEngine, signal });
  try {
    let turn = 0;
    const mean = async (threshold: number) => {
      hooks.onActivity?.({ stage: "calibrating", done: turn++, total: turn });
      return await sum(await nonzeros(coder, data, threshold, signal)) / count;
    };
    const found = await thresholdFor(mean, sparsity, guess);
    return { ...found, on, rows: count };
  } finally {
    await coder.close();
  }
}

// How many of them the codes of some rows have.
async function nonzeros(
  coder: PursuitCoder,
  data: Float32Array,
  threshold: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { decoder: { width }, mostRows } = coder, step = mostRows * width;
  let count = 0;
  for (let from = 0; from < data.length; from += step) {
    signal?.throwIfAborted();
    // A copy: engines in workers take what they are given.
    const some = data.slice(from, from + step);
    const rows = { data: some, rows: some.length / width };
    const { indices } = await coder.encode(rows, threshold);
    for (const index of indices) if (index !== EMPTY_SLOT) count++;
  }
  return count;
}
