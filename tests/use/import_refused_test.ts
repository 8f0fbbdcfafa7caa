import assert from "node:assert/strict";
import { importModel } from "../../src/use/import.ts";
import { inDirectory } from "../directories.ts";
import {
  DECODER,
  f32,
  FACTORS,
  type Files,
  GATE,
  K,
  LAYERS,
  learning,
  M,
  MATRICES,
  N,
  oneThreshold,
  saelens,
  scope2,
  sparsify,
  THRESHOLD,
  write,
} from "./autoencoders.ts";

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
  "a tensor that is missing": [
    saelens({ architecture: "jumprelu" }),
    /^Cannot use the autoencoder, it has no tensor "threshold", only "W_enc"/,
  ],
  "a matrix that is turned": [
    saelens({}, { ...MATRICES, W_enc: f32(DECODER, M, N) }),
    /^Cannot use the autoencoder, its tensor "W_enc" is \[12,5\], expected \[5,12\]/,
  ],
  "a threshold that stands there twice": [
    saelens({ architecture: "jumprelu" }, {
      ...MATRICES,
      threshold: f32(THRESHOLD, M),
      log_threshold: f32(THRESHOLD, M),
    }),
    /a threshold and its logarithm/,
  ],
  "a switch that is a text": [
    saelens({ apply_b_dec_to_input: "false" }),
    /"apply_b_dec_to_input" is "false", neither/,
  ],
  "a switch that is a number": [
    sparsify({ skip_connection: 1 }),
    /"skip_connection" is 1, neither/,
  ],
  "a sign that is a text": [sparsify({ signed: "true" }), /"signed" is "true"/],
  "two sparsities": [
    saelens({ architecture: "topk", k: 2, activation_fn_kwargs: { k: 3 } }),
    /k 2, not 3/,
  ],
  "a topk that rectifies only": [
    saelens({ architecture: "topk", k: 3, activation_fn: "relu" }),
    /activation function is "relu"/,
  ],
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
  "a class that may be one of two": [{
    json: { "config.json": { trainer: { k: 3 } } },
    weights: "ae.safetensors",
    tensors: {
      ...LAYERS,
      b_dec: MATRICES.b_dec,
      k: K,
      threshold: oneThreshold(0.4),
    },
  }, /no "dict_class".*AutoEncoderTopK or BatchTopKSAE/],
  "a sparsity other than its file's": [
    learning("AutoEncoderTopK", { ...LAYERS, b_dec: MATRICES.b_dec, k: K }, {
      k: 5,
    }),
    /k 5, not 3/,
  ],
  "a dictionary from a module's input to its output": [{
    json: {
      "config.json": {
        trainer: { dict_class: "AutoEncoder" },
        buffer: { io: "in_and_out" },
      },
    },
    weights: "ae.safetensors",
    tensors: { ...LAYERS, bias: MATRICES.b_dec },
  }, /output from its input/],
  "a normalisation beside its trainer": [{
    json: {
      "config.json": {
        trainer: { dict_class: "AutoEncoder" },
        normalize_activations: true,
      },
    },
    weights: "ae.safetensors",
    tensors: { ...LAYERS, bias: MATRICES.b_dec },
  }, /"normalize_activations" \(true\)/],
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
    /reads at "a" and rebuilds "b"/,
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
