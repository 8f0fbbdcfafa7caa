// Autoencoders as other tools write them, of a few latents, and what each tool computes with them.
import { join } from "node:path";
import { npyParts } from "../../src/files/npy.ts";
import { bytesOf } from "../../src/bytes.ts";
import {
  float32Tensor,
  safetensorsParts,
  type Tensor,
} from "../../src/files/safetensors.ts";
import { zipParts } from "../../src/files/zip.ts";
import { transpose } from "../../src/model/transpose.ts";

/** Dimensions, latents and rows. */
export const [N, M, ROWS] = [5, 12, 9];

/** Numbers that look like noise, the same every time. */
function noise(count: number, seed: number, scale = 1): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => scale * Math.sin(12.9898 * i * i + 78.233 * i + 37.7 * seed),
  );
}

// W_enc is [N, M], W_dec [M, N], as SAELens has them.
const ENCODER = noise(N * M, 1);
export const DECODER = noise(M * N, 2);
const B_ENC = noise(M, 3, 0.2);
const B_DEC = noise(N, 4, 0.3);
export const THRESHOLD = noise(M, 5, 0.5).map(Math.abs);
export const X = noise(ROWS * N, 6, 2);

export interface Rule {
  latents(pre: number[]): number[];
  centres?: boolean;
  /** What rows are multiplied by before they are encoded. */
  factor?: number;
  bias?: Float32Array;
  /** What each latent is multiplied by when it is decoded. */
  factors?: Float32Array;
}

/** The reconstruction by a rule written down from the tool's own code, number by number. */
export function byHand(
  { latents, centres = true, factor = 1, bias = B_ENC, factors }: Rule,
): number[] {
  const all: number[] = [];
  for (let row = 0; row < ROWS; row++) {
    const x = Array.from(
      { length: N },
      (_, d) => factor * X[row * N + d] - (centres ? B_DEC[d] : 0),
    );
    const pre = Array.from(
      { length: M },
      (_, j) =>
        x.reduce((sum, value, d) => sum + value * ENCODER[d * M + j], bias[j]),
    );
    const f = latents(pre);
    for (let d = 0; d < N; d++) {
      const sum = f.reduce(
        (sum, value, j) =>
          sum + value * (factors?.[j] ?? 1) * DECODER[j * N + d],
        B_DEC[d],
      );
      all.push(sum / factor);
    }
  }
  return all;
}

export const relu = (pre: number[]) => pre.map((value) => Math.max(0, value));

export function topk(k: number, key = (value: number) => value) {
  return (pre: number[]) => {
    const best = pre.map((_, j) => j).sort((a, b) => key(pre[b]) - key(pre[a]))
      .slice(0, k);
    return pre.map((value, j) => best.includes(j) ? value : 0);
  };
}

export const f32 = (data: Float32Array, ...shape: number[]) =>
  float32Tensor(data, ...shape);

export const MATRICES = {
  W_enc: f32(ENCODER, N, M),
  b_enc: f32(B_ENC, M),
  W_dec: f32(DECODER, M, N),
  b_dec: f32(B_DEC, N),
};

export const LAYERS = {
  "encoder.weight": f32(transpose(ENCODER, N, M), M, N),
  "encoder.bias": f32(B_ENC, M),
  "decoder.weight": f32(transpose(DECODER, M, N), N, M),
};

const SPARSIFY = {
  "encoder.weight": LAYERS["encoder.weight"],
  "encoder.bias": LAYERS["encoder.bias"],
  W_dec: MATRICES.W_dec,
  b_dec: MATRICES.b_dec,
};

export const K: Tensor = {
  dtype: "I32",
  shape: [],
  bytes: bytesOf(Int32Array.of(3)),
};
export const oneThreshold = (value: number) => f32(Float32Array.of(value));

/** The files of an autoencoder: its JSON files by name, and its tensors. */
export interface Files {
  json: Record<string, unknown>;
  weights: string;
  tensors: Record<string, Tensor>;
}

export async function write(
  directory: string,
  { json, weights, tensors }: Files,
) {
  for (const [name, value] of Object.entries(json)) {
    await Deno.writeTextFile(join(directory, name), JSON.stringify(value));
  }
  const parts = weights.endsWith(".npz")
    ? zipParts(Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, bytes }]) => [
        `${name}.npy`,
        npyParts(
          new Float32Array(bytes.slice().buffer),
          [...shape],
        ),
      ]),
    ))
    : safetensorsParts(tensors);
  await Deno.writeFile(join(directory, weights), await joined(parts));
}

async function joined(parts: Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

export const saelens = (
  cfg: Record<string, unknown>,
  tensors: Record<string, Tensor> = MATRICES,
  beside: Record<string, unknown> = {},
): Files => ({
  json: {
    "cfg.json": { d_in: N, d_sae: M, dtype: "float32", ...cfg },
    ...beside,
  },
  weights: "sae_weights.safetensors",
  tensors,
});

export const sparsify = (
  cfg: Record<string, unknown>,
  tensors = SPARSIFY,
): Files => ({
  json: { "cfg.json": { expansion_factor: 32, k: 3, d_in: N, ...cfg } },
  weights: "sae.safetensors",
  tensors,
});

export const learning = (
  name: string,
  tensors: Record<string, Tensor>,
  trainer: Record<string, unknown> = {},
): Files => ({
  json: {
    "config.json": {
      trainer: {
        dict_class: name,
        activation_dim: N,
        dict_size: M,
        lr: 1e-3,
        ...trainer,
      },
      buffer: { ctx_len: 128 },
    },
  },
  weights: "ae.safetensors",
  tensors,
});

export const scope2 = (cfg: Record<string, unknown>): Files => ({
  json: {
    "config.json": {
      architecture: "jump_relu",
      type: "sae",
      l0: 10,
      width: M,
      ...cfg,
    },
  },
  weights: "params.safetensors",
  tensors: {
    w_enc: MATRICES.W_enc,
    w_dec: MATRICES.W_dec,
    b_enc: MATRICES.b_enc,
    b_dec: MATRICES.b_dec,
    threshold: f32(THRESHOLD, M),
  },
});

export const jumps = (pre: number[]) =>
  pre.map((value, j) => value > THRESHOLD[j] ? value : 0);
export const GATE = noise(M, 7, 0.4);
export const MAGNITUDE = noise(M, 8, 0.4);
export const R = noise(M, 9, 0.5);
export const NO_BIAS = new Float32Array(M);
export const gated = (pre: number[]) =>
  pre.map((value, j) =>
    value + GATE[j] > 0 ? Math.max(0, Math.exp(R[j]) * value + MAGNITUDE[j]) : 0
  );
export const FACTORS = noise(M, 10).map((value) => 1 + value / 4);
