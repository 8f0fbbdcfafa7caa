import { labelOfSign, type Labels, labelTexts } from "../labels/label.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { ExportFormat } from "./export_formats.ts";
import { latentsOf, type LinearEncoder } from "./fit_encoder.ts";

/** The dictionary under SAELens's matching pursuit: k steps, no thresholds. */
export function pursuitAutoencoder(model: DictionaryModel): SparseAutoencoder {
  return {
    ...common(model),
    format: "SAELens",
    centresInput: true,
    activation: {
      kind: "matching_pursuit",
      residualThreshold: 0,
      maxIterations: model.coder.sparsity,
      stopOnDuplicateSupport: false,
    },
  };
}

/** The dictionary under a linear encoder whose k largest pre-activations count. */
export function topkAutoencoder(
  model: DictionaryModel,
  encoder: LinearEncoder,
  format: ExportFormat,
): SparseAutoencoder {
  return {
    ...common(model),
    format: format === "sparsify"
      ? "sparsify"
      : format === "dictionary-learning"
      ? "dictionary_learning"
      : "SAELens",
    encoder: encoder.weights,
    encoderBias: encoder.bias,
    centresInput: true,
    activation: { kind: "topk", k: model.coder.sparsity },
  };
}

/** The dictionary under a linear encoder whose pre-activations count above one threshold. */
export function thresholdAutoencoder(
  model: DictionaryModel,
  encoder: LinearEncoder,
  format: ExportFormat,
): SparseAutoencoder {
  const base = common(model);
  const gemma = format === "gemma-scope";
  return {
    ...base,
    format: gemma ? "Gemma Scope" : "SAELens",
    encoder: encoder.weights,
    encoderBias: gemma ? foldMean(encoder, model) : encoder.bias,
    centresInput: !gemma,
    activation: {
      kind: "jumprelu",
      threshold: new Float32Array(base.atoms).fill(encoder.threshold),
    },
  };
}

// Gemma Scope encodes rows as they are: W·(y − b) + c = W·y + (c − W·b).
function foldMean({ weights, bias }: LinearEncoder, model: DictionaryModel) {
  const { width, mean } = model;
  return bias.map((value, j) => {
    let sum = value;
    for (let d = 0; d < width; d++) sum -= weights[j * width + d] * mean[d];
    return sum;
  });
}

function common(model: DictionaryModel) {
  const { atoms } = model;
  const latents = latentsOf(model);
  const labels = model.labels &&
    (latents.atoms === atoms
      ? labelTexts(model.labels)
      : latentLabels(model.labels, atoms));
  return {
    width: model.width,
    atoms: latents.atoms,
    dictionary: latents.dictionary,
    mean: model.mean,
    scalesByLength: false,
    metadata: {},
    labels,
  };
}

// The latents of [D; −D]: an atom's codes of either sign by the sign's own name, else by the name of both.
function latentLabels(labels: Labels, atoms: number): Record<string, string> {
  const named: [number, string][] = [];
  for (const [key, entry] of Object.entries(labels)) {
    const positive = labelOfSign(entry, "+");
    const negative = labelOfSign(entry, "-");
    if (positive !== undefined) named.push([Number(key), positive.label]);
    if (negative === undefined) continue;
    const own = negative.sign === "-";
    named.push([
      Number(key) + atoms,
      own ? negative.label : `${negative.label} (negative)`,
    ]);
  }
  return Object.fromEntries(named.sort(([a], [b]) => a - b));
}
