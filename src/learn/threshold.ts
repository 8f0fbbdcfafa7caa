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

type Mean = (threshold: number) => Promise<number>;

/**
 * The threshold under which rows have a number of nonzeros on average, or a little less: 0 where they have no more of
 * them without any.
 *
 * @param mean the mean of nonzeros under a threshold, which does not rise with it
 * @param target the mean that is asked for
 * @param guess where to begin
 */
export async function thresholdFor(
  mean: Mean,
  target: number,
  guess: number,
): Promise<Threshold> {
  const at = at32(mean);
  let low = await at(0);
  if (low.l0 <= target) return low;
  let high = await at(Math.max(guess, LEAST_GUESS));
  while (high.l0 > target) {
    low = high;
    high = await at(2 * high.threshold);
  }
  return await narrowed(at, target, low, high);
}

// At float32 numbers alone, as engines have thresholds.
function at32(mean: Mean): (value: number) => Promise<Threshold> {
  return async (value) => {
    const threshold = Math.fround(value);
    return { threshold, l0: await mean(threshold) };
  };
}

// The Illinois method (M. Dowell, P. Jarratt, BIT 11, 1971): how far an end is off counts half, and half again, while
// it stays, so that it is left behind. From the fourth time on the other end goes half of the way to it at least, three
// quarters the next time, …: an end that is off by next to nothing may still be far away, as the mean falls in steps.
async function narrowed(
  at: (value: number) => Promise<Threshold>,
  target: number,
  low: Threshold,
  high: Threshold,
): Promise<Threshold> {
  let above = low.l0 - target, under = target - high.l0;
  let moved: "low" | "high" | undefined, again = 0;
  while (
    target - high.l0 > TOLERANCE * target &&
    high.threshold - low.threshold > NARROW * high.threshold
  ) {
    const least = Math.min(
      1 - LEAST_STEP,
      Math.max(LEAST_STEP, 1 - 2 ** (2 - again)),
    );
    const [from, to] = moved === "low"
      ? [least, 1 - LEAST_STEP]
      : [LEAST_STEP, 1 - least];
    const share = Math.min(to, Math.max(from, above / (above + under)));
    const between = Math.fround(
      low.threshold + share * (high.threshold - low.threshold),
    );
    // Where the mean falls at the least number there is, a bracket that begins at 0 never becomes narrow.
    if (between === low.threshold || between === high.threshold) break;
    const next = await at(between);
    const moves = next.l0 > target ? "low" : "high";
    again = moves === moved ? again + 1 : 0;
    moved = moves;
    if (moves === "low") low = next;
    else high = next;
    above = moves === "low" ? low.l0 - target : above / (again > 0 ? 2 : 1);
    under = moves === "high" ? target - high.l0 : under / (again > 0 ? 2 : 1);
  }
  return high;
}
