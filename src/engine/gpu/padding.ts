/**
 * Rows of `width` floats as rows of `stride` elements of four, the rest zeros; the rows themselves where they fit
 * already.
 */
export function padRows(
  data: Float32Array,
  rows: number,
  width: number,
  stride: number,
): Float32Array {
  if (width === 4 * stride) return data;
  const out = new Float32Array(rows * stride * 4);
  for (let i = 0; i < rows; i++) {
    out.set(data.subarray(i * width, (i + 1) * width), i * stride * 4);
  }
  return out;
}

/** Undoes {@linkcode padRows} into `out`, for as many rows as there are. */
export function unpadRows(
  padded: Float32Array,
  stride: number,
  width: number,
  out: Float32Array,
): void {
  const rows = padded.length / (4 * stride);
  for (let i = 0; i < rows; i++) {
    const at = i * stride * 4;
    out.set(padded.subarray(at, at + width), i * width);
  }
}

/** Two series whose entries lie in turn, each by itself. */
export function unpackPairs(both: Float32Array): [Float32Array, Float32Array] {
  const [first, second] = [0, 1].map((of) => {
    const out = new Float32Array(both.length / 2);
    for (let i = 0; i < out.length; i++) out[i] = both[2 * i + of];
    return out;
  });
  return [first, second];
}
