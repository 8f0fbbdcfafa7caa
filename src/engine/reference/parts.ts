/**
 * A sum over rows in parts: in order within a part, then by halves, S(a, b) = S(a, c) + S(c, b) with c = ⌊(a + b)/2⌋. A
 * process that holds an aligned half of the parts gets that half's sum, to the last bit.
 *
 * @param starts first row of each part, and the number of rows
 * @param sum the sum over rows from ≤ row < to; `undefined` for none
 * @param add adds the second sum to the first
 */
export function sumByParts<T>(
  starts: Uint32Array,
  sum: (from: number, to: number) => T | undefined,
  add: (one: T, other: T) => T,
): T | undefined {
  const halves = (a: number, b: number): T | undefined => {
    if (starts[a] === starts[b]) return undefined;
    if (b - a === 1) return sum(starts[a], starts[b]);
    const middle = (a + b) >> 1;
    const one = halves(a, middle), other = halves(middle, b);
    if (one === undefined || other === undefined) return one ?? other;
    return add(one, other);
  };
  return starts.length < 2 ? undefined : halves(0, starts.length - 1);
}

/** First row of each part, and the number of rows. */
export function partStarts(parts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(parts.length + 1);
  parts.forEach((rows, i) => starts[i + 1] = starts[i] + rows);
  return starts;
}

/** The sum of values that belong to rows. */
export function totalByParts(
  values: Float64Array,
  starts: Uint32Array,
): number {
  const sum = (from: number, to: number) => {
    let part = 0;
    for (let row = from; row < to; row++) part += values[row];
    return part;
  };
  return sumByParts(starts, sum, (one, other) => one + other) ?? 0;
}
