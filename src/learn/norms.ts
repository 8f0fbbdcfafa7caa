import type { RowBatch } from "../rows/source.ts";

/**
 * How far from the mean a training row may be: `cap` times the median distance of some rows. A handful of rows of huge norm,
 * as attention sinks are, would otherwise outweigh all others in every atom they touch.
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
  const lengths = drawn.map((row) => distance(row, 0, mean)).sort((a, b) =>
    a - b
  );
  return cap * lengths[Math.floor(lengths.length / 2)];
}

/**
 * Draws rows that are further from the mean than the limit in to it, in place; their directions stay.
 *
 * @returns how many were drawn in
 */
export function drawInRows(
  { data, rows }: RowBatch,
  mean: Float32Array,
  limit: number,
): number {
  const width = mean.length;
  let drawn = 0;
  for (let i = 0; i < rows; i++) {
    const length = distance(data, i * width, mean);
    if (!(length > limit)) continue;
    const share = limit / length;
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
