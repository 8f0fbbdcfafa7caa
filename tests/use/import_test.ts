import assert from "node:assert/strict";
import { bytesOf } from "../../src/bytes.ts";
import { reconstruct } from "../../src/model/reconstruct.ts";
import { encodeRows } from "../../src/use/autoencoder_coder.ts";
import { importModel } from "../../src/use/import.ts";
import { inDirectory } from "../directories.ts";
import {
  byHand,
  f32,
  FACTORS,
  type Files,
  GATE,
  gated,
  jumps,
  K,
  LAYERS,
  learning,
  M,
  MAGNITUDE,
  MATRICES,
  NO_BIAS,
  oneThreshold,
  R,
  relu,
  ROWS,
  type Rule,
  saelens,
  scope2,
  sparsify,
  THRESHOLD,
  topk,
  write,
  X,
} from "./autoencoders.ts";

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
  "SAELens 2 with the record of its training": [
    saelens({
      hook_point_layer: 8,
      total_training_tokens: 300000000,
      store_batch_size: 32,
      train_batch_size: 4096,
      use_ghost_grads: true,
      resample_batches: 1028,
      feature_reinit_scale: 0.2,
      dead_feature_estimation_method: "no_fire",
      dead_feature_threshold: 1e-8,
      log_to_wandb: true,
      n_checkpoints: 10,
      tokens_per_buffer: 67108864,
      run_name: "24576-L1-8e-05",
    }),
    { latents: relu },
  ],
  "SAELens 5 with the record of its training": [
    saelens({
      architecture: "standard",
      activation_fn_str: "relu",
      activation_fn_kwargs: {},
      finetuning_scaling_factor: false,
      normalize_sae_decoder: true,
      decoder_heuristic_init: true,
      init_encoder_as_decoder_transpose: true,
      scale_sparsity_penalty_by_decoder_norm: true,
      n_restart_cycles: 1,
      lr_end: 3e-5,
      neuronpedia_id: "gpt2-small/8-res-jb",
      sae_lens_training_version: "5.10.3",
    }),
    { latents: relu },
  ],
  "SAELens with factors of latents that are 1 but for rounding": [
    saelens({}, {
      ...MATRICES,
      scaling_factor: f32(FACTORS.map(() => 1 + 1e-6), M),
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
  "dictionary_learning of a class that its tensors tell": [{
    json: { "config.json": {} },
    weights: "ae.safetensors",
    tensors: { ...LAYERS, bias: MATRICES.b_dec },
  }, { latents: relu }],
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
