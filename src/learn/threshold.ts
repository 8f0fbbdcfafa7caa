/** A threshold, and what the rows' mean of nonzeros is under it. */
export interface Threshold {
  threshold: number;
  l0: number;
}

/** How far under what was asked for the mean may stay, relative to it. */
const TOLERANCE = 1e-3;

/** A bracket so narrow, relative to the threshold, is one: its least step is some float32 numbers wide still. */
const NARROW = 1e-5;

/** A guess that can be doubled. */
const LEAST_GUESS = 1e-6;

/** Share of a bracket that every step leaves behind at least. */
const LEAST_STEP = 0.05;

/**
 * The threshold under which rows have a number of nonzeros on average, or a little less, by the Illinois method (M.
 * Dowell, P. Jarratt, BIT 11, 1971): 0 where they have no more of them without any.
 *
 * @param mean the mean of nonzeros under a threshold, which does not rise with it
 * @param target the mean that is asked for
 * @param guess where to begin
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
  let high = await at(Math.max(guess, LEAST_GUESS));
  while (high.l0 > target) {
    low = high;
    high = await at(2 * high.threshold);
  }
  // How far the ends are off; the end that stays a second time counts half, so that it is left behind.
  let above = low.l0 - target, under = target - high.l0;
  let last: Threshold | undefined;
  while (
    target - high.l0 > TOLERANCE * target &&
    high.threshold - low.threshold > NARROW * high.threshold
  ) {
    const share = above / (above + under);
    const step = Math.min(1 - LEAST_STEP, Math.max(LEAST_STEP, share));
    const next = await at(
      low.threshold + step * (high.threshold - low.threshold),
    );
    if (next.l0 > target) {
      if (last === low) under /= 2;
      last = low = next;
      above = low.l0 - target;
    } else {
      if (last === high) above /= 2;
      last = high = next;
      under = target - high.l0;
    }
  }
  return high;
}
