// What active latents are worth to rows, by which thresholds are found.
import { multiplyFast } from "../engine/multiply.ts";
import { pauseIfDue } from "../pause.ts";

/** Pre-activations within this factor of a threshold tell which way it should move. */
export const WINDOW = 1.25;

/** Pre-activations that are computed at once. */
const CHUNK_VALUES = 2 ** 22;

/** Pre-activations of rows, those that may come to be above their threshold. */
export interface Candidates {
  /** Of row i: those from `starts[i]` on. */
  starts: number[];
  latents: number[];
  values: number[];
}

/** Of every latent, what being active is worth to rows near its threshold, added up, and how many these are. */
export interface Worths {
  worth: Float64Array;
  near: Float64Array;
}

/** What an autoencoder makes of rows, seen by whatever does the work. */
export interface Sight {
  /**
   * Pre-activations of rows that are above a least value. A GPU gives of every row the largest alone, those largest
   * beside their latents' thresholds where these are given.
   */
  candidates(
    rows: Float32Array,
    least: number,
    thresholds?: Float32Array,
  ): Promise<Candidates>;
  /** What latents are worth to rows, whose candidates are given, where those above their thresholds are active. */
  worths(
    rows: Float32Array,
    candidates: Candidates,
    thresholds: Float32Array,
  ): Promise<Worths>;
}

/** The numbers of an autoencoder. */
interface Numbers {
  encoder: Float32Array;
  bias: Float32Array;
  decoder: Float32Array;
}

/** Sees by the processor, on one thread. */
export function processorSight(
  numbers: Numbers,
  signal?: AbortSignal,
): Sight {
  return {
    candidates: (rows, least) => candidatesIn(numbers, rows, least, signal),
    worths: (rows, candidates, thresholds) =>
      Promise.resolve(worthsOf(numbers, rows, candidates, thresholds)),
  };
}

async function candidatesIn(
  { encoder, bias }: Numbers,
  rows: Float32Array,
  least: number,
  signal?: AbortSignal,
): Promise<Candidates> {
  const all = bias.length, width = encoder.length / all;
  const count = rows.length / width;
  const chunk = Math.max(1, Math.floor(CHUNK_VALUES / all));
  const pre = new Float32Array(Math.min(chunk, count) * all);
  const starts = [0], latents: number[] = [], values: number[] = [];
  for (let first = 0; first < count; first += chunk) {
    await pauseIfDue(signal);
    const some = Math.min(chunk, count - first);
    const part = rows.subarray(first * width, (first + some) * width);
    multiplyFast(part, some, encoder, all, width, pre);
    for (let row = 0; row < some; row++) {
      for (let j = 0; j < all; j++) {
        const value = pre[row * all + j] + bias[j];
        if (!(value > least)) continue;
        latents.push(j);
        values.push(value);
      }
      starts.push(latents.length);
    }
  }
  return { starts, latents, values };
}

function worthsOf(
  { decoder, bias }: Numbers,
  rows: Float32Array,
  { starts, latents, values }: Candidates,
  thresholds: Float32Array,
): Worths {
  const width = decoder.length / bias.length;
  const worth = new Float64Array(bias.length);
  const near = new Float64Array(bias.length);
  for (let row = 0; row < starts.length - 1; row++) {
    const rest = Float64Array.from(
      rows.subarray(row * width, (row + 1) * width),
    );
    for (let e = starts[row]; e < starts[row + 1]; e++) {
      const j = latents[e];
      if (!(values[e] > thresholds[j])) continue;
      for (let d = 0; d < width; d++) {
        rest[d] -= values[e] * decoder[j * width + d];
      }
    }
    for (let e = starts[row]; e < starts[row + 1]; e++) {
      const j = latents[e], value = values[e], ratio = value / thresholds[j];
      if (!(ratio * WINDOW > 1 && ratio < WINDOW)) continue;
      let along = 0;
      for (let d = 0; d < width; d++) along += rest[d] * decoder[j * width + d];
      worth[j] += 2 * value * along + (ratio > 1 ? value : -value) * value;
      near[j]++;
    }
  }
  return { worth, near };
}
