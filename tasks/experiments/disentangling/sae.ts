import {
  defaultRate,
  trainAutoencoder,
} from "../../../src/autoencoder/train.ts";
import type { Parameters } from "../../../src/autoencoder/contract.ts";
import type { SparseAutoencoder } from "../../../src/model/autoencoder.ts";
import { permutation, randomStream } from "../../../src/random.ts";
import { rowsFromArray } from "../../../src/rows/memory.ts";
import { evaluate } from "../../../src/use/evaluate.ts";

/** How a sparse autoencoder is trained. */
export interface SaeOptions {
  atoms: number;
  sparsity: number;
  seed: number;
  /** Sizes of the prefixes that each rebuild the rows (Matryoshka); all latents only where left out. */
  prefixes?: readonly number[] | undefined;
}

/** A sparse autoencoder, and how long it was trained. */
export interface TrainedSae {
  sae: SparseAutoencoder;
  steps: number;
}

/** Steps before its error is first looked at, and at most. */
const FIRST_STEPS = 800;
export const MOST_STEPS = 6000;

/** The length of a step, by that of exports: from random rows it ends lower, and sooner. */
const FASTER = 3;

/** The steps so far over those of the look before: a fifth of them are new. */
const GROWTH = 1.25;

/** By which share the error has to fall from look to look. */
export const LEAST_GAIN = 0.01;

/**
 * Trains a TopK or Matryoshka sparse autoencoder from random rows by Adam: what dictionaries are compared with. It is
 * trained until a fifth of its steps no longer lower its error on the watched rows by a hundredth, each time with the
 * rate falling at the end; the better of the last two is taken.
 *
 * @param rows raw rows
 * @param watched rows that the error is looked at of
 * @param width n
 * @param options its size
 */
export async function trainSae(
  rows: Float32Array,
  watched: Float32Array<ArrayBuffer>,
  width: number,
  options: SaeOptions,
): Promise<TrainedSae> {
  const { atoms, sparsity, seed, prefixes = [atoms] } = options;
  const { mean, scale, data } = normalise(rows, width);
  const levels = Uint32Array.from(
    { length: atoms },
    (_, latent) => prefixes.findIndex((end) => latent < end),
  );
  const ofParameters = (trained: Parameters) => ({
    ...{ format: "SAELens", width, atoms, mean, encoder: trained.encoder },
    dictionary: trained.decoder,
    encoderBias: trained.bias.map((value) => value / scale),
    ...{ centresInput: true, scalesByLength: false, metadata: {} },
    activation: { kind: "topk", k: sparsity },
  } as SparseAutoencoder);
  let parameters = randomRows(data, width, atoms, seed);
  let best: SparseAutoencoder | undefined, least = Infinity, done = 0;
  for (let goal = FIRST_STEPS; goal <= MOST_STEPS; goal *= GROWTH) {
    const steps = Math.round(goal) - done;
    parameters = await trainAutoencoder(data, parameters, {
      ...{ width, sparsity, selection: "row", levels, steps },
      ...{ seed: seed + done, rate: FASTER * defaultRate(atoms) },
    });
    done += steps;
    const sae = ofParameters(parameters);
    const { metrics } = await evaluate(sae, rowsFromArray(watched, width));
    const enough = metrics.fvu > (1 - LEAST_GAIN) * least;
    if (metrics.fvu < least) [best, least] = [sae, metrics.fvu];
    if (enough) break;
  }
  return { sae: best!, steps: done };
}

/** An autoencoder whose latents are random rows of length 1, read and written alike. */
export function randomRows(
  rows: Float32Array,
  width: number,
  latents: number,
  seed: number,
): Parameters {
  const order = permutation(
    rows.length / width,
    randomStream(seed, "random rows"),
  );
  const decoder = new Float32Array(latents * width);
  for (let j = 0; j < latents; j++) {
    const row = rows.subarray(order[j] * width, (order[j] + 1) * width);
    const length = Math.hypot(...row);
    decoder.set(row.map((value) => value / length), j * width);
  }
  const bias = new Float32Array(latents);
  return { decoder, encoder: decoder.slice(), bias };
}

function normalise(rows: Float32Array, width: number) {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  rows.forEach((v, e) => mean[e % width] += v / count);
  let squares = 0;
  rows.forEach((v, e) => squares += (v - mean[e % width]) ** 2);
  const scale = Math.sqrt(width * count / squares);
  return {
    mean: Float32Array.from(mean),
    scale,
    data: rows.map((v, e) => (v - mean[e % width]) * scale),
  };
}
