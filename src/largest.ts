/** Some entries of an array, by rising index. */
export interface Choice {
  indices: number[];
  values: number[];
}

/**
 * The k largest entries above zero; ties go to the lower index.
 *
 * @param values what to choose from
 * @param k how many at most
 */
export function chooseLargest(values: Float32Array, k: number): Choice {
  const floor = Math.max(0, kthLargest(values, k));
  const above: number[] = [];
  const ties: number[] = [];
  for (let j = 0; j < values.length; j++) {
    if (values[j] > floor) above.push(j);
    else if (floor > 0 && values[j] === floor) ties.push(j);
  }
  const indices = [...above, ...ties.slice(0, k - above.length)]
    .sort((a, b) => a - b);
  return { indices, values: indices.map((j) => values[j]) };
}

/** The entries above zero and above their thresholds. */
export function chooseAbove(
  values: Float32Array,
  thresholds: Float32Array,
): Choice {
  const indices: number[] = [];
  for (let j = 0; j < values.length; j++) {
    if (values[j] > 0 && values[j] > thresholds[j]) indices.push(j);
  }
  return { indices, values: indices.map((j) => values[j]) };
}

/** The k entries of largest magnitude, with their signs; ties go to the lower index. */
export function chooseLargestSigned(values: Float32Array, k: number): Choice {
  const { indices } = chooseLargest(values.map(Math.abs), k);
  return { indices, values: indices.map((j) => values[j]) };
}

/** The largest entry above zero of each of `groups` equal runs of entries; ties go to the lower index. */
export function chooseLargestOfGroups(
  values: Float32Array,
  groups: number,
): Choice {
  const size = values.length / groups;
  const indices: number[] = [];
  for (let start = 0; start < values.length; start += size) {
    let best = start;
    for (let j = start + 1; j < start + size; j++) {
      if (values[j] > values[best]) best = j;
    }
    if (values[best] > 0) indices.push(best);
  }
  return { indices, values: indices.map((j) => values[j]) };
}

/** A gated autoencoder's latents: a gate says which there are, magnitudes of their own how large they are. */
export function chooseGated(
  values: Float32Array,
  { gateBias, magnitudeBias, magnitudeScale }: {
    gateBias: Float32Array;
    magnitudeBias: Float32Array;
    magnitudeScale: Float32Array;
  },
): Choice {
  const magnitudes = values.map((value, j) =>
    value + gateBias[j] > 0 ? magnitudeScale[j] * value + magnitudeBias[j] : 0
  );
  return chooseAbove(magnitudes, new Float32Array(values.length));
}

// A heap would win for large k; for the usual k of tens a sorted window is as quick.
function kthLargest(values: Float32Array, k: number): number {
  if (k >= values.length) return -Infinity;
  const top = new Float32Array(k).fill(-Infinity);
  for (let j = 0; j < values.length; j++) {
    const value = values[j];
    if (!(value > top[k - 1])) continue;
    let place = k - 1;
    while (place > 0 && top[place - 1] < value) {
      top[place] = top[place - 1];
      place--;
    }
    top[place] = value;
  }
  return top[k - 1];
}
