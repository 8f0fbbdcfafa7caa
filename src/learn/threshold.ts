/** A threshold, and what the rows' mean of nonzeros is under it. */
export interface Threshold {
  threshold: number;
  l0: number;
}

/** How far under what was asked for the mean may stay, relative to it. */
const TOLERANCE = 1e-3;

/** A bracket so narrow, relative to the threshold, is one. */
const NARROW = 1e-6;

/** Share of a bracket that every step leaves behind at least. */
const LEAST_STEP = 0.05;

/**
 * The threshold under which rows have a number of nonzeros on average, or a little less, by the Illinois method (M.
 * Dowell, P. Jarratt, BIT 11, 1971): 0 where they have no more of them without any.
 *
 * @param mean the mean of nonzeros under a threshold, which does not rise with it
 * @param target the mean that is asked for
 * @param guess where to begin, above 0
 */
export async function thresholdFor(
  mean: (threshold: number) => Promise<number>,
  target: number,
  guess: number,
): Promise<Threshold> {
  const at = async (value: number): Promise<Threshold> => {
    const threshold = Math.fround(value);
    return { threshold, l0: await mean(threshold) };
  };
  let low = await at(0);
  if (low.l0 <= target) return low;
  let high = await at(guess);
  while (high.l0 > target) {
    low = high;
    high = await at(2 * high.threshold);
  }
  let above = low.l0 - target, under = target - high.l0, same = 0;
  while (
    under > TOLERANCE * target &&
    high.threshold - low.threshold > NARROW * high.threshold
  ) {
    const share = above / (above + under);
    const step = Math.min(1 - LEAST_STEP, Math.max(LEAST_STEP, share));
    const next = await at(
      low.threshold + step * (high.threshold - low.threshold),
    );
    const exceeds = next.l0 > target;
    if (exceeds) low = next, above = next.l0 - target;
    else high = next, under = target - next.l0;
    same = Math.sign(same) === (exceeds ? 1 : -1)
      ? 2 * Math.sign(same)
      : exceeds
      ? 1
      : -1;
    if (same === 2) under /= 2;
    if (same === -2) above /= 2;
  }
  return high;
}
