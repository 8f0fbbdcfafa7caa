import { DEFAULT_TRAIN_OPTIONS } from "../options/train_options.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import type { NamedModel } from "../use/evaluate.ts";
import type { ProbeOptions } from "./options.ts";
import { randomRowsModel } from "./random_rows.ts";
import { BASELINES } from "../metrics/probe_result.ts";
import type { RowUnits } from "./units.ts";

/** A model that is to be probed, or dictionaries of random rows beside it. */
export interface Entrant extends NamedModel {
  kind: "model" | "random";
}

/** The models, and dictionaries of random rows for every size among them. */
export async function entrantsOf(
  models: readonly NamedModel[],
  source: RowSource,
  { units }: { units: RowUnits },
  { baselines = BASELINES, seed = 0 }: ProbeOptions,
): Promise<Entrant[]> {
  const entrants: Entrant[] = models.map((one) => ({ ...one, kind: "model" }));
  if (!baselines.includes("random")) return entrants;
  const sizes = new Map<string, DictionaryModel>();
  for (const { model } of models) {
    const like = dictionaryLike(model);
    sizes.set(`${like.atoms} random rows, k = ${like.coder.sparsity}`, like);
  }
  const apart = (row: number) => units.isTest(units.unitOf(row));
  for (const [name, like] of sizes) {
    const model = await randomRowsModel(like, source, apart, seed);
    entrants.push({ name, model, kind: "random" });
  }
  return entrants;
}

// A dictionary of a model's size: another tool's autoencoder has no nonzeros of its own where it is not a TopK.
function dictionaryLike(model: NamedModel["model"]): DictionaryModel {
  if (!("format" in model)) return model;
  const { width, atoms, mean, activation } = model;
  const wanted = activation.kind === "topk"
    ? activation.k
    : DEFAULT_TRAIN_OPTIONS.sparsity;
  return {
    width,
    atoms,
    mean,
    dictionary: model.dictionary,
    scale: 1,
    usage: new Uint32Array(atoms),
    groups: [atoms],
    coder: {
      method: "omp",
      sparsity: Math.min(wanted, atoms, width),
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    seed: 0,
    toolVersion: "",
  };
}
