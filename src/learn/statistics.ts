import type { Normalisation } from "../engine/engine.ts";
import { type RandomStream, randomStream } from "../random.ts";
import type { RowBatch } from "../rows/source.ts";
import { drawInRows, normLimit } from "./norms.ts";

/** Where the root mean square distance from the mean is so many medians, a few far rows have the say. */
const FAR_SPREAD = 1.5;

/** What one pass over the training rows tells before learning starts. */
export interface RowStatistics {
  rows: number;
  /** Mean row, float64. */
  mean: Float64Array;
  /** mean ‖y − mean‖². */
  spread: number;
  /** mean ‖y‖². */
  energy: number;
  /** No row that was seen is further from the mean; Infinity where that is not known. */
  reach: number;
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

/**
 * Gathers statistics that a few rows of huge norm do not decide: where they dominate the spread, it goes over the rows once
 * more with all of them drawn in to the limit.
 *
 * @param batches delivers the training rows, each time it is called: to be read, or to be changed
 * @param width n
 * @param options as `gatherStatistics`, and the norm limit in medians (0: none)
 * @returns the statistics, and the limit in raw units (0: none)
 */
export async function gatherWithin(
  batches: (borrow: boolean) => AsyncIterable<RowBatch>,
  width: number,
  options: { draw: number; seed: number; most: number; normCap: number },
): Promise<{ statistics: RowStatistics; limit: number }> {
  const { draw, seed, most, normCap } = options;
  const again = () => ({ draw, most, random: randomStream(seed, "draw") });
  const statistics = await gatherStatistics(batches(true), width, again());
  const mean = Float32Array.from(statistics.mean);
  const limit = normLimit(statistics.drawn, mean, normCap);
  const median = limit / normCap;
  if (!(Math.sqrt(statistics.spread) > FAR_SPREAD * median && limit > 0)) {
    return { statistics, limit };
  }
  const near = await gatherStatistics(
    drawnIn(batches(false), mean, limit),
    width,
    again(),
  );
  // These rows came drawn in; those to be trained on may be anywhere.
  return { statistics: { ...near, reach: Infinity }, limit };
}

async function* drawnIn(
  batches: AsyncIterable<RowBatch>,
  mean: Float32Array,
  limit: number,
): AsyncGenerator<RowBatch> {
  for await (const batch of batches) {
    drawInRows(batch, mean, limit);
    yield batch;
  }
}

/**
 * Mean and scale as the model keeps them: s = √n / sqrt(mean ‖y − mean‖²); a data set without spread keeps its scale.
 */
export function normalisationOf(
  statistics: RowStatistics,
  options: { center: boolean; scale: boolean },
): Normalisation {
  const width = statistics.mean.length;
  const mean = new Float32Array(width);
  if (options.center) mean.set(statistics.mean);
  const spread = options.center ? statistics.spread : statistics.energy;
  const scale = options.scale && spread > 0
    ? Math.fround(Math.sqrt(width / spread))
    : 1;
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

class ShiftedSums {
  rows = 0;
  readonly #width: number;
  readonly #origin: Float64Array;
  readonly #sum: Float64Array;
  #squares = 0;
  /** The greatest square distance of a row from the origin. */
  #farthest = 0;

  constructor(width: number) {
    this.#width = width;
    this.#origin = new Float64Array(width);
    this.#sum = new Float64Array(width);
  }

  add(data: Float32Array, rows: number): void {
    const width = this.#width;
    if (rows === 0) return;
    if (this.rows === 0) this.#origin.set(data.subarray(0, width));
    let i = 0;
    for (; i + 4 <= rows; i += 4) this.#addFour(data, i * width);
    for (; i < rows; i++) this.#addOne(data, i * width);
    this.rows += rows;
  }

  // Four rows share what is read and written of the sums, and their squares do not wait for each other.
  #addFour(data: Float32Array, first: number): void {
    const width = this.#width, origin = this.#origin, sum = this.#sum;
    const second = first + width, third = second + width;
    const fourth = third + width;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let p = 0; p < width; p++) {
      const from = origin[p];
      const a = data[first + p] - from, b = data[second + p] - from;
      const c = data[third + p] - from, d = data[fourth + p] - from;
      sum[p] += (a + b) + (c + d);
      s0 += a * a;
      s1 += b * b;
      s2 += c * c;
      s3 += d * d;
    }
    this.#squares += (s0 + s1) + (s2 + s3);
    this.#farthest = Math.max(this.#farthest, s0, s1, s2, s3);
  }

  #addOne(data: Float32Array, first: number): void {
    const origin = this.#origin, sum = this.#sum;
    let squares = 0;
    for (let p = 0; p < this.#width; p++) {
      const value = data[first + p] - origin[p];
      sum[p] += value;
      squares += value * value;
    }
    this.#squares += squares;
    this.#farthest = Math.max(this.#farthest, squares);
  }

  result(): Omit<RowStatistics, "drawn"> {
    const count = Math.max(1, this.rows);
    let shift = 0, length = 0;
    const mean = this.#sum.map((value, p) => {
      const offset = value / count;
      shift += offset * offset;
      length += (this.#origin[p] + offset) ** 2;
      return this.#origin[p] + offset;
    });
    const spread = Math.max(0, this.#squares / count - shift);
    // From a row to the mean by way of the origin, rounded up.
    const reach = (Math.sqrt(this.#farthest) + Math.sqrt(shift)) * (1 + 1e-6);
    return { rows: this.rows, mean, spread, energy: spread + length, reach };
  }
}
