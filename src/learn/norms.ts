import type { RowBatch } from "../rows/source.ts";

/**
 * How far from the mean a training row may be: `cap` times the median distance of some rows. A handful of rows of
 * huge norm, as attention sinks are, would otherwise outweigh all others in every atom they touch.
 *
 * @param drawn random raw rows
 * @param mean the model's mean
 * @param cap how many medians; 0 for no limit
 * @returns the limit in raw units; 0 for none
 */
export function normLimit(
  drawn: readonly Float32Array[],
  mean: Float32Array,
  cap: number,
): number {
  if (drawn.length === 0) return 0;
  return cap * median(drawn.map((row) => distance(row, 0, mean)));
}

/** The median of every dimension over some rows: where most rows lie, however far away a few are. */
export function medianRow(drawn: readonly Float32Array[]): Float32Array {
  const { length: width } = drawn[0];
  return Float32Array.from(
    { length: width },
    (_, p) => median(drawn.map((row) => row[p])),
  );
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)];
}

/** Rows that were further from a point than a limit. */
export interface FarRows {
  /** How many. */
  rows: number;
  /** Their Σ‖y − point‖². */
  far: number;
  /** That of all rows. */
  all: number;
}

/** Counts rows beyond a limit, and what they hold, while they are pulled in. */
export class FarRowCounter {
  #rows = 0;
  #all = 0;
  #far = 0;

  constructor(readonly point: Float32Array, readonly limit: number) {}

  /** Draws a batch's rows in, in place. */
  pullIn(batch: RowBatch, most: number): void {
    const { point, limit } = this;
    const counted = Math.min(batch.rows, most);
    for (let i = 0; i < counted; i++) {
      const away = distance(batch.data, i * point.length, point);
      this.#all += away * away;
      if (!(away > limit)) continue;
      this.#far += away * away;
      this.#rows++;
    }
    pullInRows(batch, point, limit);
  }

  /** What was found so far. */
  found(): FarRows {
    return { rows: this.#rows, far: this.#far, all: this.#all };
  }
}

/**
 * Draws rows that are further from the mean than the limit in to it, in place; their directions stay.
 *
 * @returns how many were pulled in
 */
export function pullInRows(
  batch: Pick<RowBatch, "data" | "rows">,
  mean: Float32Array,
  limit: number,
): number {
  return moveRows(batch, mean, limit, (length) => limit / length);
}

/**
 * Draws rows that are further from the mean than the limit in to less than it, in place: one that is twice as far to
 * half of it. At the limit itself, rows thousands of times as long as others would still take an atom from these.
 *
 * @returns how many were pulled in
 */
export function fadeRows(
  batch: Pick<RowBatch, "data" | "rows">,
  mean: Float32Array,
  limit: number,
): number {
  return moveRows(batch, mean, limit, (length) => (limit / length) ** 2);
}

function moveRows(
  { data, rows }: Pick<RowBatch, "data" | "rows">,
  mean: Float32Array,
  limit: number,
  shareOf: (length: number) => number,
): number {
  const width = mean.length;
  let drawn = 0;
  for (let i = 0; i < rows; i++) {
    const length = distance(data, i * width, mean);
    if (!(length > limit)) continue;
    const share = shareOf(length);
    for (let p = 0; p < width; p++) {
      const at = i * width + p;
      data[at] = mean[p] + share * (data[at] - mean[p]);
    }
    drawn++;
  }
  return drawn;
}

function distance(
  data: Float32Array,
  offset: number,
  mean: Float32Array,
): number {
  const width = mean.length;
  // Four sums side by side: one alone would wait for itself.
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0, p = 0;
  for (; p + 4 <= width; p += 4) {
    const at = offset + p;
    const a = data[at] - mean[p], b = data[at + 1] - mean[p + 1];
    const c = data[at + 2] - mean[p + 2], d = data[at + 3] - mean[p + 3];
    s0 += a * a;
    s1 += b * b;
    s2 += c * c;
    s3 += d * d;
  }
  for (; p < width; p++) {
    const a = data[offset + p] - mean[p];
    s0 += a * a;
  }
  return Math.sqrt(s0 + s1 + s2 + s3);
}
