/**
 * Histograms whose ranges grow with what they are given: `bins` equal bins over [−limit, limit], one for each of
 * `count`.
 */
export interface RangeHistograms {
  readonly bins: number;
  /** A power of two for each histogram; 0 where nothing was added. */
  readonly limits: Float32Array;
  /** count × bins. */
  readonly counts: Uint32Array;
  /** Adds a value to one of the histograms; what float32 holds no limit for goes to the outermost bin. */
  add(which: number, value: number): void;
}

/**
 * Makes histograms for one streaming pass: no range needs to be known beforehand. A limit that proves too small doubles
 * and pairs of bins merge, so counts stay exact.
 *
 * @param count number of histograms
 * @param bins bins of each; a multiple of four
 */
export function createRangeHistograms(
  count: number,
  bins: number,
): RangeHistograms {
  const limits = new Float32Array(count);
  const counts = new Uint32Array(count * bins);
  return {
    bins,
    limits,
    counts,
    add(which, given) {
      const value = Math.max(-LARGEST, Math.min(LARGEST, given));
      const size = Math.abs(value);
      if (limits[which] === 0) limits[which] = powerAbove(size);
      while (size >= limits[which]) {
        widen(counts.subarray(which * bins, (which + 1) * bins));
        limits[which] *= 2;
      }
      // Exact: limits are powers of two, so a value keeps its side of every edge.
      const bin = bins / 2 + Math.floor(value / limits[which] * bins / 2);
      counts[which * bins + bin]++;
    },
  };
}

/** The largest value below a power of two that float32 holds. */
const LARGEST = 2 ** 127 - 2 ** 103;

// A power of two above a value, and not so small that it would vanish in float32.
function powerAbove(size: number): number {
  return 2 ** Math.max(-100, Math.floor(Math.log2(size)) + 1);
}

/** Doubles a histogram's limit, in place: the old range becomes the middle half of the new one. */
export function widen(counts: Uint32Array) {
  const bins = counts.length;
  const merged = new Uint32Array(bins);
  for (let bin = 0; bin < bins; bin++) {
    merged[bins / 4 + (bin >> 1)] += counts[bin];
  }
  counts.set(merged);
}
