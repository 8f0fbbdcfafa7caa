/**
 * Which of some points no other beats: no other is as good in everything and better in something.
 *
 * @param points what counts of each, less being better; all of one length
 * @returns for each whether it stands on the front
 */
export function paretoFront(points: readonly (readonly number[])[]): boolean[] {
  return points.map((point) => !points.some((other) => beats(other, point)));
}

function beats(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value <= b[i]) &&
    a.some((value, i) => value < b[i]);
}
