import assert from "node:assert/strict";
import { join } from "node:path";
import { npyParts } from "../../src/files/npy.ts";
import {
  bytesOf,
  float32Tensor,
  safetensorsParts,
  type Tensor,
} from "../../src/files/safetensors.ts";
import { zipParts } from "../../src/files/zip.ts";
import { reconstruct } from "../../src/model/reconstruct.ts";
import { transpose } from "../../src/model/transpose.ts";
import { encodeRows } from "../../src/use/autoencoder_coder.ts";
import { importModel } from "../../src/use/import.ts";
import { inDirectory } from "../directories.ts";

const [N, M, ROWS] = [5, 12, 9];

/** Numbers that look like noise, the same every time. */
function noise(count: number, seed: number, scale = 1): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => scale * Math.sin(12.9898 * i * i + 78.233 * i + 37.7 * seed),
  );
}

// W_enc is [N, M], W_dec [M, N], as SAELens has them.
const ENCODER = noise(N * M, 1);
const DECODER = noise(M * N, 2);
const B_ENC = noise(M, 3, 0.2);
const B_DEC = noise(N, 4, 0.3);
const THRESHOLD = noise(M, 5, 0.5).map(Math.abs);
const X = noise(ROWS * N, 6, 2);

interface Rule {
  latents(pre: number[]): number[];
  centres?: boolean;
  /** What rows are multiplied by before they are encoded. */
  factor?: number;
  bias?: Float32Array;
  /** What each latent is multiplied by when it is decoded. */
  factors?: Float32Array;
}

/** The reconstruction by a rule written down from the tool's own code, number by number. */
function byHand(
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

const relu = (pre: number[]) => pre.map((value) => Math.max(0, value));

function topk(k: number, key = (value: number) => value) {
  return (pre: number[]) => {
    const best = pre.map((_, j) => j).sort((a, b) => key(pre[b]) - key(pre[a]))
      .slice(0, k);
    return pre.map((value, j) => best.includes(j) ? value : 0);
  };
}

const f32 = (data: Float32Array, ...shape: number[]) =>
  float32Tensor(data, ...shape);

const MATRICES = {
  W_enc: f32(ENCODER, N, M),
  b_enc: f32(B_ENC, M),
  W_dec: f32(DECODER, M, N),
  b_dec: f32(B_DEC, N),
};

const LAYERS = {
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

const K: Tensor = { dtype: "I32", shape: [], bytes: bytesOf(Int32Array.of(3)) };
const oneThreshold = (value: number) => f32(Float32Array.of(value));

/** The files of an autoencoder: its JSON files by name, and its tensors. */
interface Files {
  json: Record<string, unknown>;
  weights: string;
  tensors: Record<string, Tensor>;
}

async function write(directory: string, { json, weights, tensors }: Files) {
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

const saelens = (
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

const sparsify = (cfg: Record<string, unknown>, tensors = SPARSIFY): Files => ({
  json: { "cfg.json": { expansion_factor: 32, k: 3, d_in: N, ...cfg } },
  weights: "sae.safetensors",
  tensors,
});

const learning = (
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

const scope2 = (cfg: Record<string, unknown>): Files => ({
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

const jumps = (pre: number[]) =>
  pre.map((value, j) => value > THRESHOLD[j] ? value : 0);
const GATE = noise(M, 7, 0.4), MAGNITUDE = noise(M, 8, 0.4);
const R = noise(M, 9, 0.5), NO_BIAS = new Float32Array(M);
const gated = (pre: number[]) =>
  pre.map((value, j) =>
    value + GATE[j] > 0 ? Math.max(0, Math.exp(R[j]) * value + MAGNITUDE[j]) : 0
  );
const FACTORS = noise(M, 10).map((value) => 1 + value / 4);

const COMPUTED: Record<string, [Files, Rule]> = {
  "SAELens 6 standard": [
    saelens({
      architecture: "standard",
      normalize_activations: "none",
      metadata: { sae_lens_version: "6.18.0" },
    }),
    { latents: relu },
  ],
  "SAELens 3 without fields of later versions": [
    saelens({
      activation_fn_str: "relu",
      normalize_activations: false,
      model_name: "gpt2",
      hook_point: "x",
      context_size: 128,
      prepend_bos: true,
    }),
    { latents: relu },
  ],
  "SAELens 4 topk by its activation function": [
    saelens({
      architecture: "standard",
      activation_fn_str: "topk",
      activation_fn_kwargs: { k: 3 },
    }),
    { latents: (pre) => relu(topk(3)(pre)) },
  ],
  "SAELens jumprelu that does not centre": [
    saelens({ architecture: "jumprelu", apply_b_dec_to_input: false }, {
      ...MATRICES,
      threshold: f32(THRESHOLD, M),
    }),
    { latents: jumps, centres: false },
  ],
  "SAELens gated": [
    saelens({ architecture: "gated" }, {
      W_enc: MATRICES.W_enc,
      W_dec: MATRICES.W_dec,
      b_dec: MATRICES.b_dec,
      b_gate: f32(GATE, M),
      b_mag: f32(MAGNITUDE, M),
      r_mag: f32(R, M),
    }),
    { latents: gated, bias: NO_BIAS },
  ],
  "SAELens with factors of latents": [
    saelens({ finetuning_scaling_factor: true }, {
      ...MATRICES,
      scaling_factor: f32(FACTORS, M),
    }),
    { latents: relu, factors: FACTORS },
  ],
  "SAELens with a factor beside it that was not folded in": [
    saelens({ normalize_activations: "expected_average_only_in" }, MATRICES, {
      "activation_scaler.json": { scaling_factor: 0.35 },
    }),
    { latents: relu, factor: 0.35 },
  ],
  "sparsify": [
    sparsify({ num_latents: M, multi_topk: false, normalize_decoder: true }),
    { latents: (pre) => relu(topk(3)(pre)) },
  ],
  "sparsify signed": [sparsify({ signed: true }), {
    latents: topk(3, Math.abs),
  }],
  "sparsify groupmax": [sparsify({ activation: "groupmax" }), {
    latents: (pre) =>
      relu(pre.map((value, j) =>
        value ===
            Math.max(
              ...pre.slice(4 * Math.floor(j / 4), 4 * Math.floor(j / 4) + 4),
            )
          ? value
          : 0
      )),
  }],
  "dictionary_learning AutoEncoder": [
    learning("AutoEncoder", { ...LAYERS, bias: MATRICES.b_dec }),
    { latents: relu },
  ],
  "dictionary_learning AutoEncoderNew": [
    learning("AutoEncoderNew", { ...LAYERS, "decoder.bias": MATRICES.b_dec }),
    { latents: relu, centres: false },
  ],
  "dictionary_learning GatedAutoEncoder": [
    learning("GatedAutoEncoder", {
      "encoder.weight": LAYERS["encoder.weight"],
      "decoder.weight": LAYERS["decoder.weight"],
      decoder_bias: MATRICES.b_dec,
      r_mag: f32(R, M),
      gate_bias: f32(GATE, M),
      mag_bias: f32(MAGNITUDE, M),
    }),
    { latents: gated, bias: NO_BIAS },
  ],
  "dictionary_learning JumpReluAutoEncoder": [
    learning("JumpReluAutoEncoder", {
      ...MATRICES,
      threshold: f32(THRESHOLD, M),
    }),
    { latents: jumps, centres: false },
  ],
  "dictionary_learning AutoEncoderTopK, whose threshold is not used": [
    learning("AutoEncoderTopK", {
      ...LAYERS,
      b_dec: MATRICES.b_dec,
      k: K,
      threshold: oneThreshold(-1),
    }),
    { latents: (pre) => relu(topk(3)(pre)) },
  ],
  "dictionary_learning BatchTopKSAE": [
    learning("BatchTopKSAE", {
      ...LAYERS,
      b_dec: MATRICES.b_dec,
      k: K,
      threshold: oneThreshold(0.4),
    }),
    {
      latents: (pre) =>
        pre.map((value) => value > Math.fround(0.4) ? value : 0),
    },
  ],
  "dictionary_learning MatryoshkaBatchTopKSAE": [
    learning("MatryoshkaBatchTopKSAE", {
      ...MATRICES,
      k: K,
      threshold: oneThreshold(0.4),
      group_sizes: {
        dtype: "I64",
        shape: [2],
        bytes: bytesOf(BigInt64Array.of(4n, 8n)),
      },
    }, { group_fractions: [0.3, 0.7] }),
    {
      latents: (pre) =>
        pre.map((value) => value > Math.fround(0.4) ? value : 0),
    },
  ],
  "Gemma Scope 1": [{
    json: {},
    weights: "params.npz",
    tensors: { ...MATRICES, threshold: f32(THRESHOLD, M) },
  }, { latents: jumps, centres: false }],
  "Gemma Scope 2": [scope2({ hf_hook_point_in: "a", hf_hook_point_out: "a" }), {
    latents: jumps,
    centres: false,
  }],
};

for (const [name, [files, rule]] of Object.entries(COMPUTED)) {
  Deno.test(`importModel() computes what its own tool does: ${name}`, async () => {
    await inDirectory(async (directory) => {
      await write(directory, files);
      const sae = (await importModel(directory))!;
      const rebuilt = reconstruct(sae, encodeRows(sae, X.slice(), ROWS));
      byHand(rule).forEach((value, i) =>
        assert.ok(
          Math.abs(rebuilt[i] - value) < 1e-4,
          `${i}: ${rebuilt[i]} not ${value}`,
        )
      );
    });
  });
}

const REFUSED: Record<string, [Files, RegExp]> = {
  "rows scaled by a factor that is nowhere": [
    saelens({ normalize_activations: "expected_average_only_in" }),
    /factor was neither folded in/,
  ],
  "the same in the spelling of version 2": [
    saelens({ normalize_activations: true }),
    /factor was neither folded in/,
  ],
  "layer norm": [
    saelens({ normalize_activations: "layer_norm" }),
    /normalises rows by "layer_norm"/,
  ],
  "rows of constant norm": [
    saelens({ normalize_activations: "constant_norm_rescale" }),
    /normalises rows/,
  ],
  "another activation function": [
    saelens({ activation_fn_str: "tanh-relu" }),
    /activation function is "tanh-relu"/,
  ],
  "a jumprelu with another activation function": [
    saelens({ architecture: "jumprelu", activation_fn: "topk" }, {
      ...MATRICES,
      threshold: f32(THRESHOLD, M),
    }),
    /activation function is "topk"/,
  ],
  "an architecture that chooses over a batch": [
    saelens({ architecture: "batchtopk", k: 3 }),
    /architecture is "batchtopk"/,
  ],
  "a transcoder of SAELens": [
    saelens({ architecture: "transcoder" }),
    /architecture is "transcoder"/,
  ],
  "factors that its config does not use": [
    saelens({}, { ...MATRICES, scaling_factor: f32(FACTORS, M) }),
    /"scaling_factor" is not 1/,
  ],
  "factors that are not there": [
    saelens({ finetuning_scaling_factor: true }),
    /not in the file/,
  ],
  "a field that is not known": [
    saelens({ latent_sharpening: 2 }),
    /"latent_sharpening" \(2\) is not known/,
  ],
  "a tensor that is not known": [
    saelens({}, { ...MATRICES, W_skip: f32(DECODER, M, N) }),
    /tensor "W_skip"/,
  ],
  "a size other than its tensors'": [saelens({ d_in: 4 }), /d_in 4, not 5/],
  "sparsify with a skip connection": [
    sparsify({ skip_connection: true }),
    /skip connection/,
  ],
  "sparsify with a table of n-grams": [
    sparsify({ gram_lookup: true }),
    /n-grams/,
  ],
  "sparsify's other functions": [
    sparsify({ activation: "relu" }),
    /uses "relu"/,
  ],
  "a threshold that was never set": [
    learning("BatchTopKSAE", {
      ...LAYERS,
      b_dec: MATRICES.b_dec,
      k: K,
      threshold: oneThreshold(-1),
    }),
    /never set/,
  ],
  "a class that is not known": [
    learning("CrossCoder", LAYERS),
    /class is "CrossCoder"/,
  ],
  "a fork's normalisation": [
    learning("AutoEncoder", { ...LAYERS, bias: MATRICES.b_dec }, {
      normalize_to_sqrt_d: true,
    }),
    /"normalize_to_sqrt_d" \(true\)/,
  ],
  "a transcoder of Gemma Scope 2": [
    scope2({ type: "transcoder" }),
    /"transcoder"/,
  ],
  "one point in, another out": [
    scope2({ hf_hook_point_in: "a", hf_hook_point_out: "b" }),
    /no autoencoder/,
  ],
  "an affine connection": [scope2({ affine_connection: true }), /affine/],
  "an array that Gemma Scope 1 does not have": [{
    json: {},
    weights: "params.npz",
    tensors: { ...MATRICES, threshold: f32(THRESHOLD, M), gate: f32(GATE, M) },
  }, /array "gate"/],
};

for (const [name, [files, why]] of Object.entries(REFUSED)) {
  Deno.test(`importModel() refuses ${name}`, async () => {
    await inDirectory(async (directory) => {
      await write(directory, files);
      await assert.rejects(importModel(directory), (error: Error) => {
        assert.match(error.message, why);
        assert.equal((error as { kind?: string }).kind, "data");
        return true;
      });
    });
  });
}
