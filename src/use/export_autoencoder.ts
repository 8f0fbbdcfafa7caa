import type { LostLabel } from "../labels/file.ts";
import { entryOf, labelOfSign, labelsIn, labelTexts } from "../labels/label.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import { bothSigns } from "../model/both_signs.ts";
import type { DictionaryModel } from "../model/model.ts";
import {
  type CarriedLabel,
  type CarriedLabels,
  carryLabels,
} from "./carry_labels.ts";
import type { ExportFormat } from "./export_formats.ts";
import type { FittedAutoencoder } from "./fit_autoencoder.ts";

/** The dictionary under SAELens's matching pursuit: k steps, no thresholds. */
export function pursuitAutoencoder(model: DictionaryModel): SparseAutoencoder {
  const { width, atoms, dictionary, coder, mean } = model;
  return {
    ...{ width, mean, scalesByLength: false, metadata: {} },
    atoms: coder.nonnegative ? atoms : 2 * atoms,
    dictionary: coder.nonnegative ? dictionary : bothSigns(dictionary),
    labels: labelsOfLatents(model, coder.nonnegative ? atoms : 2 * atoms),
    format: "SAELens",
    centresInput: true,
    activation: {
      kind: "matching_pursuit",
      residualThreshold: 0,
      maxIterations: coder.sparsity,
      stopOnDuplicateSupport: false,
    },
  };
}

/** A fitted autoencoder as its target runs it: by the k largest pre-activations, or those above a threshold. */
export function fittedAutoencoder(
  model: DictionaryModel,
  fitted: Omit<FittedAutoencoder, "fit">,
  format: ExportFormat,
): SparseAutoencoder {
  const { width, mean } = model, { encoder, bias, thresholds } = fitted;
  const atoms = bias.length, gemma = format === "gemma-scope";
  return {
    ...{ width, atoms, mean, encoder, scalesByLength: false, metadata: {} },
    format: OWNERS[format],
    dictionary: fitted.decoder,
    encoderBias: gemma ? foldMean(fitted, model) : bias,
    centresInput: !gemma,
    activation: byThreshold(format)
      ? { kind: "jumprelu", threshold: thresholds }
      : { kind: "topk", k: model.coder.sparsity },
  };
}

/** Whether a target's latents are those above a threshold. */
export function byThreshold(format: ExportFormat): boolean {
  return thresholdEach(format) || format === "dictionary-learning-batchtopk" ||
    format === "dictionary-learning-matryoshka";
}

/** Whether a target keeps a threshold a latent. */
export function thresholdEach(format: ExportFormat): boolean {
  return format === "saelens-jumprelu" || format === "gemma-scope";
}

const OWNERS: Record<ExportFormat, SparseAutoencoder["format"]> = {
  "saebench": "SAELens",
  "saelens-mp": "SAELens",
  "saelens-topk": "SAELens",
  "saelens-jumprelu": "SAELens",
  "dictionary-learning": "dictionary_learning",
  "dictionary-learning-batchtopk": "dictionary_learning",
  "dictionary-learning-matryoshka": "dictionary_learning",
  "sparsify": "sparsify",
  "gemma-scope": "Gemma Scope",
};

// Gemma Scope encodes rows as they are: W·(y − b) + c = W·y + (c − W·b).
function foldMean(
  { encoder, bias }: Omit<FittedAutoencoder, "fit">,
  { width, mean }: DictionaryModel,
) {
  return bias.map((value, j) => {
    let sum = value;
    for (let d = 0; d < width; d++) sum -= encoder[j * width + d] * mean[d];
    return sum;
  });
}

/**
 * The names of an export's latents whose decoder rows are the model's atoms: an atom's own where there is a latent an
 * atom; of [D; −D] an atom's codes of either sign by the sign's own name, else by the name of both.
 */
export function labelsOfLatents(
  { labels, atoms }: DictionaryModel,
  latents: number,
): Record<string, string> | undefined {
  if (labels === undefined) return undefined;
  if (latents === atoms) return labelTexts(labels);
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

/**
 * The names of latents that began as the model's atoms and moved: each goes to the latent nearest to its atom, by the
 * rule by which names outlive a training. A latent has one sign, its own; names of the other one are lost.
 */
export async function labelsThatMoved(
  { labels = {}, ...model }: DictionaryModel,
  sae: SparseAutoencoder,
): Promise<{
  names: Record<string, string>;
  moves: Pick<CarriedLabels, "carried" | "lost">;
}> {
  const { carried, lost } = await carryLabels(labels, model, sae);
  const named: [number, string][] = [];
  const kept: CarriedLabel[] = [], left: LostLabel[] = [...lost];
  for (const move of carried) {
    const { from, to, cosine } = move, sign = cosine < 0 ? "-" : "+";
    const own = labelOfSign(labels[from], sign);
    if (own !== undefined) {
      const turned = own.sign === undefined && sign === "-";
      named.push([to, turned ? `${own.label} (negative)` : own.label]);
      kept.push(move);
    }
    const other = labelsIn(labels[from])
      .filter((one) => one.sign !== undefined && one.sign !== sign);
    if (other.length === 0) continue;
    left.push({ atom: from, entry: entryOf(other), cosine: Math.abs(cosine) });
  }
  return {
    names: Object.fromEntries(named.sort(([a], [b]) => a - b)),
    moves: { carried: kept, lost: left.sort((a, b) => a.atom - b.atom) },
  };
}
