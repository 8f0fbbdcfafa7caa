import type { Task } from "./draw.ts";
import type { KeptUnits } from "./keep.ts";

/** Rows of the kept units, their mean taken off, of mean square length n. */
export interface NormalisedRows {
  /** slots × width. */
  data: Float32Array;
  width: number;
  /** The factor. */
  scale: number;
  /** The slots for fitting. */
  fitted: Uint32Array;
}

/** Normalises the kept rows by mean and length of those for fitting. */
export function normalisedRows(
  kept: KeptUnits,
  width: number,
  tasks: readonly Task[],
): NormalisedRows {
  const fitted = Uint32Array.from(
    new Set(tasks.flatMap(({ train }) => [...train.units])),
  ).sort();
  const data = kept.means();
  const mean = new Float64Array(width);
  for (const slot of fitted) {
    for (let p = 0; p < width; p++) mean[p] += data[slot * width + p];
  }
  for (let p = 0; p < width; p++) mean[p] /= fitted.length;
  let squares = 0;
  for (const slot of fitted) {
    for (let p = 0; p < width; p++) {
      squares += (data[slot * width + p] - mean[p]) ** 2;
    }
  }
  const scale = squares > 0 ? Math.sqrt(width * fitted.length / squares) : 1;
  for (let e = 0; e < data.length; e++) {
    data[e] = (data[e] - mean[e % width]) * scale;
  }
  return { data, width, scale, fitted };
}
