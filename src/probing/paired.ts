import { randomStream } from "../random.ts";

/** Draws of test rows. */
const DRAWS = 200;

/**
 * Half the width of the 95 % interval of the difference of two probes' mean accuracy, by a paired bootstrap: test
 * rows are drawn again, the same ones for both, 200 times.
 *
 * @param one for every task and test row, 1 where the first probe was right
 * @param other the same of the second one
 * @param groups the label of each task: accuracies are averaged over a label's tasks, then over labels
 * @param seed of the draws
 */
export function pairedHalfWidth(
  one: readonly Uint8Array[],
  other: readonly Uint8Array[],
  groups: readonly string[],
  seed: number,
): number {
  const random = randomStream(seed, "probe", "bootstrap");
  const differences = Array.from({ length: DRAWS }, () => {
    const means = one.map((right, t) => {
      let sum = 0;
      for (let i = 0; i < right.length; i++) {
        const row = random.integer(right.length);
        sum += right[row] - other[t][row];
      }
      return sum / right.length;
    });
    return meanOfMeans(means, groups);
  }).sort((a, b) => a - b);
  const at = (share: number) => differences[Math.round(share * (DRAWS - 1))];
  return (at(0.975) - at(0.025)) / 2;
}

/** The mean over groups of the mean within each. */
export function meanOfMeans(
  values: readonly number[],
  groups: readonly string[],
): number {
  const within = new Map<string, number[]>();
  values.forEach((value, i) => {
    const list = within.get(groups[i]);
    if (list === undefined) within.set(groups[i], [value]);
    else list.push(value);
  });
  return mean([...within.values()].map(mean));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
