import type { SparseAutoencoder } from "../model/autoencoder.ts";
import type { FileContents } from "../files/atomic.ts";
import { MODEL_FILES } from "../model/directory.ts";
import { coderInWords } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { npyParts } from "../files/npy.ts";
import {
  float32Tensor,
  safetensorsParts,
  type Tensor,
} from "../files/safetensors.ts";
import { LABEL_FILES, type LostLabel, lostLabelsJson } from "../labels/file.ts";
import { transpose } from "../model/transpose.ts";
import { zipParts } from "../files/zip.ts";
import { TOOL_VERSION } from "../version.ts";
import {
  dictionaryLearningFiles,
  matryoshkaFiles,
} from "./export_dictionary_learning.ts";
import {
  columns,
  digestOf,
  jsonFile,
  jsonText,
  textFile,
} from "./export_parts.ts";
import { saeBenchFiles } from "./export_saebench.ts";

/** Formats that a dictionary can be exported to. */
export const EXPORT_FORMATS = [
  "saelens-mp",
  "saelens-topk",
  "saelens-jumprelu",
  "dictionary-learning",
  "dictionary-learning-batchtopk",
  "dictionary-learning-matryoshka",
  "sparsify",
  "gemma-scope",
  "saebench",
] as const;

/** A format that a dictionary can be exported to. */
export type ExportFormat = typeof EXPORT_FORMATS[number];

/** The formats with a linear encoder, which has to be trained on rows. */
export const LINEAR_FORMATS: readonly ExportFormat[] = EXPORT_FORMATS
  .filter((format) => !["saelens-mp", "saebench"].includes(format));

/** The version whose layout of SAELens is written. */
const SAELENS_VERSION = "6.0.0";

/** What targets want to know of where rows come from; all optional. */
export interface ExportNames {
  /** The language model, as the target names it. */
  modelName?: string | undefined;
  /** Where in it rows were taken: SAEBench wants `blocks.L.hook_resid_post`. */
  hookName?: string | undefined;
  /** Layer number, for dictionary_learning. */
  layer?: number | undefined;
  /** Tokens of a context. */
  contextSize?: number | undefined;
  /** The data set that rows were taken from. */
  datasetPath?: string | undefined;
  /** Whether contexts began with a BOS token. */
  prependBos?: boolean | undefined;
}

/**
 * The files of an export.
 *
 * @param model the dictionary
 * @param sae what it became
 * @param format the target
 * @param names for the target's metadata
 * @param more metrics, measured with the target's encoder and with the exact coder; what made the export, and how it
 * was trained; names that found no latent
 */
export function exportFiles(
  model: DictionaryModel,
  sae: SparseAutoencoder,
  format: ExportFormat,
  names: ExportNames,
  { lostLabels = [], ...more }: {
    metrics?: unknown;
    origin?: unknown;
    fit?: unknown;
    mean_cosine?: number | undefined;
    lostLabels?: readonly LostLabel[] | undefined;
  } = {},
): FileContents[] {
  const labels = sae.labels && jsonText(sae.labels);
  const origin = {
    tool: `dbksvd ${TOOL_VERSION}`,
    labels_sha256: labels === undefined ? null : digestOf(labels),
    coder: model.coder,
    groups: model.groups,
    coding: coderInWords(model),
    signed_latents: sae.atoms !== model.atoms,
    ...more,
  };
  const files = writers[format](sae, names, origin, model);
  if (labels !== undefined) files.push(textFile(MODEL_FILES.labels, labels));
  if (lostLabels.length > 0) {
    const text = lostLabelsJson(undefined, lostLabels);
    files.push(textFile(LABEL_FILES.lost, text));
  }
  return files;
}

type Writer = (
  sae: SparseAutoencoder,
  names: ExportNames,
  origin: Record<string, unknown>,
  model: DictionaryModel,
) => FileContents[];

const writers: Record<ExportFormat, Writer> = {
  "saelens-mp": saeLensFiles,
  "saelens-topk": saeLensFiles,
  "saelens-jumprelu": saeLensFiles,
  "sparsify": sparsifyFiles,
  "dictionary-learning": dictionaryLearningFiles,
  "dictionary-learning-batchtopk": dictionaryLearningFiles,
  "dictionary-learning-matryoshka": matryoshkaFiles,
  "gemma-scope": gemmaScopeFiles,
  "saebench": saeBenchFolder,
};

// SAELens loads strictly: exactly the tensors of its architecture, or it refuses.
function saeLensFiles(
  sae: SparseAutoencoder,
  names: ExportNames,
  origin: Record<string, unknown>,
): FileContents[] {
  const { activation, width, atoms } = sae;
  const tensors: Record<string, Tensor> = {};
  const cfg: Record<string, unknown> = {
    architecture: activation.kind,
    d_in: width,
    d_sae: atoms,
    dtype: "float32",
    device: "cpu",
    apply_b_dec_to_input: true,
    normalize_activations: "none",
    reshape_activations: "none",
  };
  if (sae.encoder !== undefined) {
    tensors.W_enc = columns(sae);
    tensors.b_enc = float32Tensor(sae.encoderBias!, atoms);
  }
  tensors.W_dec = float32Tensor(sae.dictionary, atoms, width);
  tensors.b_dec = float32Tensor(sae.mean, width);
  if (activation.kind === "topk") {
    cfg.k = activation.k;
    cfg.rescale_acts_by_decoder_norm = false;
  } else if (activation.kind === "jumprelu") {
    tensors.threshold = float32Tensor(activation.threshold, atoms);
  } else if (activation.kind === "matching_pursuit") {
    cfg.residual_threshold = activation.residualThreshold;
    cfg.max_iterations = activation.maxIterations;
    cfg.stop_on_duplicate_support = activation.stopOnDuplicateSupport;
  }
  cfg.metadata = {
    sae_lens_version: SAELENS_VERSION,
    model_name: names.modelName,
    hook_name: names.hookName,
    context_size: names.contextSize,
    dataset_path: names.datasetPath,
    prepend_bos: names.prependBos,
    dbksvd: origin,
  };
  return [
    jsonFile("cfg.json", cfg),
    { name: "sae_weights.safetensors", parts: safetensorsParts(tensors) },
  ];
}

function sparsifyFiles(
  sae: SparseAutoencoder,
  _names: ExportNames,
  origin: Record<string, unknown>,
  { coder: { sparsity: k } }: DictionaryModel,
): FileContents[] {
  const { width, atoms } = sae;
  const cfg = {
    activation: "topk",
    expansion_factor: Math.max(1, Math.round(atoms / width)),
    normalize_decoder: true,
    num_latents: atoms,
    k,
    multi_topk: false,
    skip_connection: false,
    transcode: false,
    d_in: width,
    metadata: { dbksvd: origin },
  };
  return [jsonFile("cfg.json", cfg), {
    name: "sae.safetensors",
    parts: safetensorsParts({
      "W_dec": float32Tensor(sae.dictionary, atoms, width),
      "b_dec": float32Tensor(sae.mean, width),
      "encoder.bias": float32Tensor(sae.encoderBias!, atoms),
      "encoder.weight": float32Tensor(sae.encoder!, atoms, width),
    }),
  }];
}

function gemmaScopeFiles(
  sae: SparseAutoencoder,
  _names: ExportNames,
  origin: Record<string, unknown>,
): FileContents[] {
  const { width, atoms, activation } = sae;
  if (activation.kind !== "jumprelu") throw new TypeError("Not a JumpReLU");
  const encoder = transpose(sae.encoder!, atoms, width);
  return [jsonFile("config.json", { metadata: { dbksvd: origin } }), {
    name: "params.npz",
    parts: zipParts({
      "W_enc.npy": npyParts(encoder, [width, atoms]),
      "W_dec.npy": npyParts(sae.dictionary, [atoms, width]),
      "b_enc.npy": npyParts(sae.encoderBias!, [atoms]),
      "b_dec.npy": npyParts(sae.mean, [width]),
      "threshold.npy": npyParts(activation.threshold, [atoms]),
    }),
  }];
}

function saeBenchFolder(
  sae: SparseAutoencoder,
  names: ExportNames,
  origin: Record<string, unknown>,
  model: DictionaryModel,
): FileContents[] {
  const cfg = {
    architecture: "dbksvd",
    d_in: sae.width,
    d_sae: sae.atoms,
    metadata: {
      model_name: names.modelName,
      layer: names.layer,
      hook_name: names.hookName,
      context_size: names.contextSize,
      dataset_path: names.datasetPath,
      prepend_bos: names.prependBos,
      dbksvd: origin,
    },
  };
  return [jsonFile("cfg.json", cfg), ...saeBenchFiles(model)];
}
