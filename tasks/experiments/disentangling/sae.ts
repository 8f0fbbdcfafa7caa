import { multiplyFast } from "../../../src/engine/multiply.ts";
import type { SparseAutoencoder } from "../../../src/model/autoencoder.ts";
import { randomStream } from "../../../src/random.ts";

/** How a sparse autoencoder is trained. */
export interface SaeOptions {
  atoms: number;
  sparsity: number;
  steps: number;
  seed: number;
  /** Sizes of the prefixes that each rebuild the rows (Matryoshka); all latents only where left out. */
  prefixes?: readonly number[] | undefined;
}

const BATCH = 1024;
const RATE = 1e-3;
const DECAY = [0.9, 0.999] as const;

/**
 * Trains a TopK or Matryoshka sparse autoencoder by Adam: what dictionaries are compared with. Decoder rows keep
 * length 1, the encoder begins as their transpose, the bias of the decoder is the rows' mean.
 *
 * @param rows raw rows
 * @param width n
 * @param options its size, how long
 */
export function trainSae(
  rows: Float32Array,
  width: number,
  options: SaeOptions,
): SparseAutoencoder {
  const { atoms, sparsity, steps, seed } = options;
  const prefixes = options.prefixes ?? [atoms];
  const { mean, scale, data } = normalise(rows, width);
  const random = randomStream(seed, "sae");
  const decoder = new Float32Array(atoms * width).map(() => random.normal());
  unitLength(decoder, width);
  const encoder = decoder.slice(), bias = new Float32Array(atoms);
  const adam = [encoder, decoder, bias].map((values) => new Adam(values));
  const count = data.length / width;
  const batch = new Float32Array(BATCH * width);
  const latents = new Float32Array(BATCH * atoms);
  const gradients = [encoder, decoder, bias].map(({ length }) =>
    new Float32Array(length)
  );
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < BATCH; i++) {
      const row = random.integer(count) * width;
      batch.set(data.subarray(row, row + width), i * width);
    }
    multiplyFast(batch, BATCH, encoder, atoms, width, latents);
    gradients.forEach((gradient) => gradient.fill(0));
    for (let i = 0; i < BATCH; i++) {
      const active = topLatents(
        latents.subarray(i * atoms, (i + 1) * atoms),
        bias,
        sparsity,
      );
      addGradients(
        batch.subarray(i * width, (i + 1) * width),
        active,
        { encoder, decoder, prefixes, width },
        gradients,
      );
    }
    adam.forEach((one, a) => one.step(gradients[a]));
    unitLength(decoder, width);
  }
  return {
    format: "SAELens",
    width,
    atoms,
    dictionary: decoder,
    mean,
    encoder,
    encoderBias: bias.map((b) => b / scale),
    centresInput: true,
    scalesByLength: false,
    activation: { kind: "topk", k: sparsity },
    metadata: {},
  } as SparseAutoencoder;
}

interface Active {
  latents: Int32Array;
  values: Float64Array;
}

function topLatents(
  products: Float32Array,
  bias: Float32Array,
  k: number,
): Active {
  const latents: number[] = [], values: number[] = [];
  for (let f = 0; f < products.length; f++) {
    const value = products[f] + bias[f];
    if (value <= 0 || (values.length === k && value <= values[k - 1])) continue;
    let at = values.length;
    while (at > 0 && values[at - 1] < value) at--;
    values.splice(at, 0, value);
    latents.splice(at, 0, f);
    if (values.length > k) values.pop(), latents.pop();
  }
  return {
    latents: Int32Array.from(latents),
    values: Float64Array.from(values),
  };
}

// The gradient of the mean over prefixes of ‖y − ŷ_prefix‖²/batch.
function addGradients(
  y: Float32Array,
  { latents, values }: Active,
  { decoder, prefixes, width }: {
    encoder: Float32Array;
    decoder: Float32Array;
    prefixes: readonly number[];
    width: number;
  },
  [ofEncoder, ofDecoder, ofBias]: Float32Array[],
): void {
  // What each prefix leaves; then, for each, the sum over it and all longer ones.
  const left = prefixes.map((end) => {
    const rest = Float64Array.from(y);
    latents.forEach((f, e) => {
      if (f >= end) return;
      for (let p = 0; p < width; p++) {
        rest[p] -= values[e] * decoder[f * width + p];
      }
    });
    return rest;
  });
  for (let q = prefixes.length - 2; q >= 0; q--) {
    for (let p = 0; p < width; p++) left[q][p] += left[q + 1][p];
  }
  const factor = -2 / prefixes.length / BATCH;
  latents.forEach((f, e) => {
    const rest = left[prefixes.findIndex((end) => f < end)];
    let slope = 0;
    for (let p = 0; p < width; p++) {
      slope += rest[p] * decoder[f * width + p];
      ofDecoder[f * width + p] += factor * values[e] * rest[p];
    }
    slope *= factor;
    ofBias[f] += slope;
    for (let p = 0; p < width; p++) ofEncoder[f * width + p] += slope * y[p];
  });
}

class Adam {
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  #steps = 0;

  constructor(readonly values: Float32Array) {
    this.#first = new Float32Array(values.length);
    this.#second = new Float32Array(values.length);
  }

  step(gradient: Float32Array): void {
    const [a, b] = DECAY, { values } = this;
    this.#steps++;
    const first = 1 - a ** this.#steps, second = 1 - b ** this.#steps;
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i];
      this.#first[i] = a * this.#first[i] + (1 - a) * g;
      this.#second[i] = b * this.#second[i] + (1 - b) * g * g;
      values[i] -= RATE * (this.#first[i] / first) /
        (Math.sqrt(this.#second[i] / second) + 1e-8);
    }
  }
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

function unitLength(matrix: Float32Array, width: number): void {
  for (let at = 0; at < matrix.length; at += width) {
    let square = 0;
    for (let p = at; p < at + width; p++) square += matrix[p] ** 2;
    const length = Math.sqrt(square) || 1;
    for (let p = at; p < at + width; p++) matrix[p] /= length;
  }
}
