/**
 * Counts between rising edges: `counts[i]` values in edges[i] ≤ value < edges[i + 1]; outer values go to the end
 * bins.
 */
export interface Histogram {
  /** Bounds of the bins: one more than there are bins. */
  edges: number[];
  /** Values in each bin. */
  counts: number[];
}

/**
 * A histogram with bins of equal width.
 *
 * @param values what to count; −∞ falls into the first bin
 * @param from the first edge
 * @param to the last edge
 * @param bins number of bins
 */
export function histogram(
  values: ArrayLike<number>,
  from: number,
  to: number,
  bins: number,
): Histogram {
  const width = (to - from) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, i) => from + i * width);
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor((values[i] - from) / width);
    counts[Math.min(bins - 1, Math.max(0, bin))]++;
  }
  return { edges, counts };
}
