import type { Candidates, Sight } from "../worth.ts";

/** The calls by which a GPU's training tells what it makes of rows. */
export interface SightCalls {
  /**
   * The largest pre-activations of at most a batch of rows, as many slots for each of them: those largest beside their
   * latents' thresholds where these are given.
   */
  codes(
    rows: Float32Array,
    thresholds?: Float32Array,
  ): Promise<{ indices: Uint32Array; values: Float32Array }>;
  /** Of every latent what it is worth to rows near its threshold, and how many these are, in turn. */
  worths(rows: Float32Array, thresholds: Float32Array): Promise<Float32Array>;
}

/**
 * Sees by a GPU: of a row's pre-activations the largest, or those largest beside their thresholds, as many as a row of
 * a step has slots.
 *
 * @param calls carried out there
 * @param spec values of a row; rows of a step; its slots
 */
export function gpuSight(
  calls: SightCalls,
  { width, batch, slots }: { width: number; batch: number; slots: number },
): Sight {
  return {
    async candidates(rows, least, thresholds) {
      const found: Candidates = { starts: [0], latents: [], values: [] };
      for (let at = 0; at < rows.length; at += batch * width) {
        const part = rows.subarray(at, at + batch * width);
        const { indices, values } = await calls.codes(part, thresholds);
        for (let e = 0; e < values.length; e++) {
          if (values[e] > least) {
            found.latents.push(indices[e]);
            found.values.push(values[e]);
          }
          if ((e + 1) % slots === 0) found.starts.push(found.values.length);
        }
      }
      return found;
    },
    async worths(rows, _, thresholds) {
      const both = await calls.worths(rows, thresholds);
      const of = (place: number) =>
        Float64Array.from(
          { length: both.length / 2 },
          (_, j) => both[2 * j + place],
        );
      return { worth: of(0), near: of(1) };
    },
  };
}
