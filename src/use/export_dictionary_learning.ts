import type { FileContents } from "../files/atomic.ts";
import { bytesOf } from "../bytes.ts";
import {
  float32Tensor,
  safetensorsParts,
  type Tensor,
} from "../files/safetensors.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { transpose } from "../model/transpose.ts";
import { columns, jsonFile } from "./export_parts.ts";

/** What dictionary_learning keeps of where rows come from. */
interface Names {
  modelName?: string | undefined;
  layer?: number | undefined;
  contextSize?: number | undefined;
}

/** The files of its TopK class, or of BatchTopK where latents are those above a threshold. */
export function dictionaryLearningFiles(
  sae: SparseAutoencoder,
  names: Names,
  origin: Record<string, unknown>,
  { coder: { sparsity: k } }: DictionaryModel,
): FileContents[] {
  const { width, atoms, activation } = sae;
  const shared = activation.kind === "jumprelu";
  const config = dictionaryLearningConfig(sae, names, origin, {
    trainer_class: shared ? "BatchTopKTrainer" : "TopKTrainer",
    dict_class: shared ? "BatchTopKSAE" : "AutoEncoderTopK",
    k,
  });
  const decoder = transpose(sae.dictionary, atoms, width);
  return [jsonFile("config.json", config), {
    name: "ae.safetensors",
    parts: safetensorsParts({
      "encoder.weight": float32Tensor(sae.encoder!, atoms, width),
      "encoder.bias": float32Tensor(sae.encoderBias!, atoms),
      "decoder.weight": float32Tensor(decoder, width, atoms),
      "b_dec": float32Tensor(sae.mean, width),
      ...sparsityTensors(sae, k),
    }),
  }];
}

/** The files of its Matryoshka class: a nested dictionary's groups are runs of latents. */
export function matryoshkaFiles(
  sae: SparseAutoencoder,
  names: Names,
  origin: Record<string, unknown>,
  { groups, coder: { sparsity: k } }: DictionaryModel,
): FileContents[] {
  const { width, atoms } = sae;
  const config = dictionaryLearningConfig(sae, names, origin, {
    trainer_class: "MatryoshkaBatchTopKTrainer",
    dict_class: "MatryoshkaBatchTopKSAE",
    k,
    group_sizes: groups,
  });
  return [jsonFile("config.json", config), {
    name: "ae.safetensors",
    parts: safetensorsParts({
      "W_enc": columns(sae),
      "b_enc": float32Tensor(sae.encoderBias!, atoms),
      "W_dec": float32Tensor(sae.dictionary, atoms, width),
      "b_dec": float32Tensor(sae.mean, width),
      ...sparsityTensors(sae, k),
      "group_sizes": {
        dtype: "I32",
        shape: [groups.length],
        bytes: bytesOf(Int32Array.from(groups)),
      },
    }),
  }];
}

function dictionaryLearningConfig(
  { width, atoms }: SparseAutoencoder,
  names: Names,
  origin: Record<string, unknown>,
  trainer: Record<string, unknown>,
) {
  return {
    trainer: {
      ...trainer,
      activation_dim: width,
      dict_size: atoms,
      layer: names.layer ?? 0,
      lm_name: names.modelName ?? "",
    },
    buffer: { ctx_len: names.contextSize ?? 0 },
    metadata: { dbksvd: origin },
  };
}

// A threshold below zero: none was estimated, the k largest count.
function sparsityTensors(
  { activation }: SparseAutoencoder,
  k: number,
): Record<string, Tensor> {
  const threshold = activation.kind === "jumprelu"
    ? activation.threshold[0]
    : -1;
  return {
    "k": { dtype: "I32", shape: [], bytes: bytesOf(Int32Array.of(k)) },
    "threshold": float32Tensor(Float32Array.of(threshold)),
  };
}
