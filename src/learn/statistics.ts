import type { Normalisation } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { RandomStream } from "../random.ts";
import type { RowBatch } from "../rows/source.ts";
import { FarRowCounter, type FarRows, medianRow, normLimit } from "./norms.ts";
import { type RowSums, ShiftedSums } from "./shifted_sums.ts";

/** Rows whose median stands for the middle of all of them. */
const ROWS_FOR_MIDDLE = 1024;

/** Values smaller than this lose digits in float32. */
const LEAST_SCALED = 2 ** -124;
/** Squares of smaller values do. */
const LEAST = 2 ** -60;

/** Coefficients of rows so far from the mean are held by float32, a margin kept for atoms that are alike. */
const MOST_SCALED = 2 ** 116;
/** Squares of smaller distances are. */
const MOST = 2 ** 60;

/** What one pass over the training rows tells before learning starts. */
export interface RowStatistics extends RowSums {
  /** Rows drawn at random, each once, as raw values: up to the number asked for. */
  drawn: Float32Array[];
}

/**
 * Gathers the mean, the spread and a uniform random draw of rows in one streamed pass. Sums are float64, taken around
 * the first row, so that a large common offset costs no digits.
 *
 * @param batches the training rows
 * @param width n
 * @param options how many rows to draw, from which stream, and after how many rows to stop
 */
export async function gatherStatistics(
  batches: AsyncIterable<RowBatch>,
  width: number,
  options: { draw: number; random: RandomStream; most: number },
): Promise<RowStatistics> {
  const sums = new ShiftedSums(width);
  const drawn: Float32Array[] = [];
  for await (const batch of batches) {
    const rows = Math.min(batch.rows, options.most - sums.rows);
    for (let i = 0; i < rows; i++) {
      const place = drawPlace(sums.rows + i, drawn.length, options);
      if (place < 0) continue;
      const row = batch.data.subarray(i * width, (i + 1) * width);
      // A row that gives way leaves its memory to the next one: thousands of them would be garbage to collect.
      if (place < drawn.length) drawn[place].set(row);
      else drawn.push(row.slice());
    }
    sums.add(batch.data, rows);
    batch.release?.();
    if (sums.rows >= options.most) break;
  }
  return { ...sums.result(), drawn };
}

/** Statistics of rows, those that are far from the others pulled in. */
export interface LimitedStatistics {
  statistics: RowStatistics;
  /** How far from the mean a row may be, in raw units; 0: there is no limit. */
  limit: number;
  /** The rows that were further away; absent where there are none. */
  far?: FarRows;
}

/** What draws rows in: the point that they are not to be further from than the limit, in raw units. */
export interface Near {
  point: Float32Array;
  limit: number;
}

/** What one pass over the rows gives, and of those that it drew in. */
export interface GatheredRows {
  statistics: RowStatistics;
  /** Absent where none were to be pulled in. */
  far?: FarRows;
}

/**
 * Gathers statistics that a few rows of huge norm do not decide. Where rows may be further from the middle of the
 * others than the limit, it goes over them once more: such rows enter the mean and the spread at the limit's
 * distance. Where none are, the statistics are those of the rows as they are. The middle is zero for rows that are not
 * to be centred.
 *
 * @param gather goes over the training rows once, pulling in where it is asked to
 * @param normCap the norm limit in medians (0: none)
 * @param options whether rows will be centred and scaled
 * @throws {DbksvdError} `data` where a row is so far away that float32 does not hold what is made of it
 */
export async function gatherWithin(
  gather: (near?: Near) => Promise<GatheredRows>,
  normCap: number,
  options: { center: boolean; scale: boolean },
): Promise<LimitedStatistics> {
  const { statistics } = await gather();
  requireHeld(statistics, options);
  if (!(normCap > 0) || statistics.rows === 0) return { statistics, limit: 0 };
  // Rows that are not centred are far from zero, from which they are drawn in.
  const zero = new Float32Array(statistics.mean.length);
  const limited = (statistics: RowStatistics) => ({
    statistics,
    limit: normLimit(
      statistics.drawn,
      options.center ? Float32Array.from(statistics.mean) : zero,
      normCap,
    ),
  });
  // The mean may be anywhere by now: far rows are found from the median of rows drawn.
  const point = options.center
    ? medianRow(statistics.drawn.slice(0, ROWS_FOR_MIDDLE))
    : zero;
  const limit = normLimit(statistics.drawn, point, normCap);
  // Most rows are the same one, as of zeros: how far others are from each other it does not tell.
  if (limit === 0) return { statistics, limit };
  if (statistics.reachFrom(point) <= limit) return limited(statistics);
  const { statistics: near, far } = await gather({ point, limit });
  if (far === undefined || far.rows === 0) return limited(statistics);
  // These rows came pulled in; those to be trained on may be anywhere.
  return { ...limited({ ...near, reach: Infinity }), far };
}

function requireHeld({ reach }: RowStatistics, { scale }: { scale: boolean }) {
  if (!(reach > (scale ? MOST_SCALED : MOST))) return;
  throw new DbksvdError(
    "data",
    `A row is too long for float32, ${reach.toPrecision(2)} from the mean`,
    {
      mend:
        "divide the rows by a constant before they are written, or leave the longest out with --max-norm-quantile",
    },
  );
}

/**
 * Goes over training rows once.
 *
 * @param batches delivers them: to be read, or to be changed
 * @param width n
 * @param options as for {@linkcode gatherStatistics}
 * @param near draws far ones in
 */
export async function gatherRows(
  batches: (borrow: boolean) => AsyncIterable<RowBatch>,
  width: number,
  options: { draw: number; random: RandomStream; most: number },
  near: Near | undefined,
): Promise<GatheredRows> {
  if (near === undefined) {
    return {
      statistics: await gatherStatistics(batches(true), width, options),
    };
  }
  const counter = new FarRowCounter(near.point, near.limit);
  const rows = pulledIn(batches(false), counter, options.most);
  const statistics = await gatherStatistics(rows, width, options);
  return { statistics, far: counter.found() };
}

async function* pulledIn(
  batches: AsyncIterable<RowBatch>,
  counter: FarRowCounter,
  most: number,
): AsyncGenerator<RowBatch> {
  let left = most;
  for await (const batch of batches) {
    counter.pullIn(batch, left);
    left -= batch.rows;
    yield batch;
  }
}

/**
 * Mean and scale as the model keeps them: s = √n / sqrt(mean ‖y − mean‖²); a data set without spread keeps its scale.
 *
 * @throws {DbksvdError} `data` where rows are so short that float32 does not hold them
 */
export function normalisationOf(
  statistics: Pick<RowStatistics, "mean" | "spread" | "energy">,
  options: { center: boolean; scale: boolean },
): Normalisation {
  const width = statistics.mean.length;
  const mean = new Float32Array(width);
  if (options.center) mean.set(statistics.mean);
  const spread = options.center ? statistics.spread : statistics.energy;
  const scale = options.scale && spread > 0
    ? Math.fround(Math.sqrt(width / spread))
    : 1;
  const size = Math.sqrt(spread / width);
  if (size > 0 && size < (options.scale ? LEAST_SCALED : LEAST)) {
    throw new DbksvdError(
      "data",
      `Rows are too short for float32, their values about ${
        size.toPrecision(2)
      }`,
      { mend: "multiply them by a constant before they are written" },
    );
  }
  return { mean, scale };
}

// Reservoir sampling (Vitter 1985, algorithm R): where the row with this number goes, or −1.
function drawPlace(
  row: number,
  held: number,
  options: { draw: number; random: RandomStream },
): number {
  if (held < options.draw) return held;
  const place = options.random.integer(row + 1);
  return place < options.draw ? place : -1;
}
