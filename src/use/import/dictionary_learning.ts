import { join } from "node:path";
import type { Safetensors } from "../../files/safetensors.ts";
import { isJsonObject } from "../../json.ts";
import type { Activation, SparseAutoencoder } from "../../model/autoencoder.ts";
import { transpose } from "../../model/transpose.ts";
import {
  decoderRows,
  openWeights,
  readConfig,
  recordOf,
  requireKnown,
  requireSize,
  requireTensors,
  sparsityOf,
  unusable,
} from "./config.ts";

/** Fields of `trainer` that are read or matter in training only, those that are plainly records of it aside. */
const FIELDS = [
  "dict_class",
  "trainer_class",
  "activation_dim",
  "dict_size",
  "k",
  "multiplicity",
  "auxk_alpha",
  "top_k_aux",
  "threshold_beta",
  "bandwidth",
  "target_l0",
  "p_start",
  "p_end",
  "n_sparsity_updates",
  "sparsity_coeff",
  "lambda_warm_steps",
  "steps_before_annealing",
  "activation_queue_length",
  "adaptive_sparsity_penalty",
  "gp_reg_coeff",
  "weights_temperature",
  "group_fractions",
  "group_weights",
  "group_sizes",
];

/** Fields beside `trainer`. */
const OUTER_FIELDS = ["trainer", "buffer"];

type Parts = Pick<
  SparseAutoencoder,
  | "width"
  | "atoms"
  | "dictionary"
  | "mean"
  | "encoder"
  | "encoderBias"
  | "centresInput"
>;

/** A file's tensors and what its config says of the training. */
interface Weights {
  file: Safetensors;
  path: string;
  trainer: Record<string, unknown>;
}

/** Where each class keeps its weights, and how it makes latents. */
const CLASSES: Record<string, {
  tensors: readonly string[];
  parts(weights: Weights): Promise<Parts>;
  activation(weights: Weights, atoms: number): Promise<Activation>;
}> = {
  AutoEncoder: {
    tensors: ["encoder.weight", "encoder.bias", "decoder.weight", "bias"],
    parts: (weights) => layers(weights, { mean: "bias" }),
    activation: () => Promise.resolve({ kind: "relu" }),
  },
  AutoEncoderNew: {
    tensors: [
      "encoder.weight",
      "encoder.bias",
      "decoder.weight",
      "decoder.bias",
    ],
    parts: (weights) =>
      layers(weights, { mean: "decoder.bias", centresInput: false }),
    activation: () => Promise.resolve({ kind: "relu" }),
  },
  GatedAutoEncoder: {
    tensors: [
      "encoder.weight",
      "decoder.weight",
      "decoder_bias",
      "r_mag",
      "gate_bias",
      "mag_bias",
    ],
    parts: (weights) => layers(weights, { mean: "decoder_bias", bias: null }),
    activation: async ({ file }, atoms) => ({
      kind: "gated",
      gateBias: await file.float32("gate_bias", [atoms]),
      magnitudeBias: await file.float32("mag_bias", [atoms]),
      magnitudeScale: (await file.float32("r_mag", [atoms])).map(Math.exp),
    }),
  },
  JumpReluAutoEncoder: {
    tensors: ["W_enc", "b_enc", "W_dec", "b_dec", "threshold"],
    parts: (weights) => matrices(weights, false),
    activation: async ({ file }, atoms) => ({
      kind: "jumprelu",
      threshold: await file.float32("threshold", [atoms]),
    }),
  },
  AutoEncoderTopK: {
    tensors: [
      "encoder.weight",
      "encoder.bias",
      "decoder.weight",
      "b_dec",
      "k",
      "threshold",
    ],
    parts: (weights) => layers(weights, { mean: "b_dec" }),
    activation: sparsity,
  },
  BatchTopKSAE: {
    tensors: [
      "encoder.weight",
      "encoder.bias",
      "decoder.weight",
      "b_dec",
      "k",
      "threshold",
    ],
    parts: (weights) => layers(weights, { mean: "b_dec" }),
    activation: oneThreshold,
  },
  MatryoshkaBatchTopKSAE: {
    tensors: [
      "W_enc",
      "b_enc",
      "W_dec",
      "b_dec",
      "k",
      "threshold",
      "group_sizes",
    ],
    parts: (weights) => matrices(weights, true),
    activation: oneThreshold,
  },
};

/** Tensors that early versions of a class did not save. */
const OPTIONAL = ["k", "threshold"];

/** Reads a dictionary of dictionary_learning that was saved as safetensors. */
export async function readDictionaryLearning(
  directory: string,
): Promise<SparseAutoencoder> {
  const config = join(directory, "config.json");
  const cfg = await readConfig(config);
  requireKnown(cfg, OUTER_FIELDS, config);
  const trainer = isJsonObject(cfg.trainer) ? cfg.trainer : {};
  requireKnown(trainer, FIELDS, config);
  if (isJsonObject(cfg.buffer) && cfg.buffer.io === "in_and_out") {
    throw unusable(config, "it rebuilds a module's output from its input");
  }
  const path = join(directory, "ae.safetensors");
  const weights = { file: await openWeights(path), path, trainer };
  const name = classOf(weights, config);
  const { tensors, parts, activation } = CLASSES[name];
  requireTensors(weights.file, tensors, path);
  const sae = await parts(weights);
  requireSize("activation_dim", trainer.activation_dim, sae.width, config);
  requireSize("dict_size", trainer.dict_size, sae.atoms, config);
  return {
    format: "dictionary_learning",
    ...sae,
    scalesByLength: false,
    activation: await activation(weights, sae.atoms),
    metadata: recordOf(cfg),
  };
}

// The class that the config names; else the one that the tensors can only be of.
function classOf({ file, trainer }: Weights, config: string): string {
  const { dict_class: named } = trainer;
  if (typeof named === "string" && Object.hasOwn(CLASSES, named)) return named;
  if (named !== undefined) throw unusable(config, `its class is "${named}"`);
  const names = [...file.header.tensors.keys()];
  const possible = Object.entries(CLASSES)
    .filter(([, { tensors }]) =>
      names.every((name) => tensors.includes(name)) &&
      tensors.every((name) => names.includes(name) || OPTIONAL.includes(name))
    )
    .map(([name]) => name);
  if (possible.length === 1) return possible[0];
  const classes = possible.join(" or ") || "of no class known here";
  throw unusable(
    config,
    `its "trainer" names no "dict_class", and its tensors are ${classes}`,
  );
}

// torch's linear layers: an encoder with a latent a row, a decoder with a latent a column.
async function layers(
  { file }: Weights,
  { mean, bias = "encoder.bias", centresInput = true }: {
    mean: string;
    bias?: string | null;
    centresInput?: boolean;
  },
): Promise<Parts> {
  const encoder = await file.float32("encoder.weight", [undefined, undefined]);
  const [atoms, width] = file.header.tensors.get("encoder.weight")!.shape;
  const columns = await file.float32("decoder.weight", [width, atoms]);
  return {
    width,
    atoms,
    dictionary: transpose(columns, width, atoms),
    mean: await file.float32(mean, [width]),
    encoder,
    encoderBias: bias === null
      ? new Float32Array(atoms)
      : await file.float32(bias, [atoms]),
    centresInput,
  };
}

async function matrices(
  { file, path }: Weights,
  centresInput: boolean,
): Promise<Parts> {
  const { dictionary, atoms, width } = await decoderRows(file, "W_dec", path);
  const encoder = await file.float32("W_enc", [width, atoms]);
  return {
    width,
    atoms,
    dictionary,
    mean: await file.float32("b_dec", [width]),
    encoder: transpose(encoder, width, atoms),
    encoderBias: await file.float32("b_enc", [atoms]),
    centresInput,
  };
}

// The tool refuses as well where the config and the file differ.
async function sparsity(
  { file, path, trainer }: Weights,
  atoms: number,
): Promise<Activation> {
  if (!file.header.tensors.has("k")) {
    return { kind: "topk", k: sparsityOf(trainer.k, atoms, path) };
  }
  const k = sparsityOf((await file.float32("k", []))[0], atoms, path);
  requireSize("k", trainer.k, k, path);
  return { kind: "topk", k };
}

// One threshold for all latents, estimated while it learned; −1 until then.
async function oneThreshold(
  { file, path }: Weights,
  atoms: number,
): Promise<Activation> {
  const [threshold] = await file.float32("threshold", []);
  if (threshold >= 0) {
    return {
      kind: "jumprelu",
      threshold: new Float32Array(atoms).fill(threshold),
    };
  }
  throw unusable(
    path,
    `its threshold was never set (${threshold}): it was saved before it was estimated`,
  );
}
