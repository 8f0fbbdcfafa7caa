// What probing prints, and what of it is kept.
import type {
  Absorption,
  BestLatent,
  ClassScore,
  LatentClass,
  ProbedLatent,
  ProbeResult,
  ProbeSummary,
} from "../../src/metrics/probe_result.ts";
import type { SuggestedLabel } from "../../src/probing/suggest.ts";
import type { SuggestedNames } from "../../src/probing/suggest_labels.ts";
import {
  count,
  define,
  type Document,
  type Fields,
  figure,
  list,
  map,
  number,
  object,
  optional,
  sign,
  text,
  words,
} from "./fields.ts";
import { labels } from "./labels.ts";
import { ofRows } from "./shared.ts";

const LATENT: Fields<LatentClass> = {
  label: text("The column."),
  class: text("The class."),
  model: text("The model."),
  atom: count("The atom."),
  sign: sign("Of its codes."),
  precision: figure(
    "The share of the rows where it fires that is the class's.",
  ),
  recall: figure("The share of the class's rows where it fires."),
  f1: figure("2/(1/precision + 1/recall)."),
  density: figure("The share of all rows where it fires."),
};

/** What is said of the class that a latent tells best. */
export const latentClass = define(
  "latentClass",
  object<LatentClass>(LATENT, "The class that a latent tells best."),
);

const probedLatent = object<ProbedLatent>({
  atom: count("The atom, or a baseline's coordinate or component."),
  sign: sign("Of its codes."),
  weight: number("In the probe, in normalised units."),
});

const classScore = define(
  "classScore",
  object<ClassScore>({
    label: text("The column."),
    class: text("The class."),
    rows: count("Rows that the probe was fitted to."),
    test: count("Rows that it was tested on."),
    model: text("The model, or the baseline."),
    k: optional(
      count("Latents that the probe goes by; none for the dense one."),
    ),
    accuracy: figure("Balanced accuracy on the test."),
    auc: figure("Area under the ROC curve on the test."),
    l1Auc: optional(figure("The same by sae-probes' definition.")),
    latents: list("The latents, the most telling first.", probedLatent),
  }, "A class probed for with k latents."),
);

const bestLatent = define(
  "bestLatent",
  object<BestLatent>({
    ...LATENT,
    auc: figure("Area under the ROC curve of its values."),
  }, "The latent that tells a class best."),
);

const byLatents = (what: string) =>
  map(`${what}, by the number of latents.`, figure(what));

const summary = object<ProbeSummary>({
  model: text("Its name."),
  kind: words("A model, or a baseline.", [
    "model",
    "raw",
    "pca",
    "random",
    "dense",
  ]),
  coder: text("How its rows are coded, in words."),
  l0: optional(figure("Mean nonzeros a row.")),
  densest: optional(
    figure("The share of rows in which its most used latent fires."),
  ),
  denseLatents: optional(count("Latents that fire in over a tenth of rows.")),
  accuracy: byLatents("Mean accuracy over classes, then labels"),
  auc: byLatents("Mean area under the ROC curve"),
  l1Auc: byLatents("The same by sae-probes' definition"),
  halfWidth: byLatents("Half the 95 % interval of the difference to the first"),
  bestF1: optional(figure("Mean F1 of its best latent a class.")),
  tpp: optional(byLatents("Targeted probe perturbation")),
  scr: optional(byLatents("Spurious correlation removal")),
  absorption: optional(object<Absorption>({
    fraction: figure("Mean share of a projection that others took over."),
    full: figure("Share of rows in which another latent carries the class."),
    mainF1: figure("Mean F1 of the classes' own latents."),
    classes: count("Classes measured."),
  }, "How much of the classes other latents absorbed.")),
}, "What a model, or a baseline, comes to over all classes.");

/** Suggested names by atom: `labels.suggested.json`. */
export const suggested = map(
  "Suggested names by atom, with what speaks for them.",
  list(
    "Names, one a sign.",
    object<SuggestedLabel>({
      label: text("The class."),
      column: text("The column."),
      sign: sign("Of the atom's codes."),
      f1: figure("2/(1/precision + 1/recall)."),
      precision: figure("The share of its rows that is the class's."),
      recall: figure("The share of the class's rows where it fires."),
    }),
  ),
);

/** Parts of what a probe found that are kept with the model, too. */
export const PROBED = {
  scores: list("Every class by every model and number of latents.", classScore),
  best: list("The best latent of every class, by model.", bestLatent),
  atoms: list("The class that each latent tells best.", latentClass),
} satisfies Partial<Fields<ProbeResult>>;

/** The documents of `probe`. */
export const PROBING: readonly Document[] = [
  {
    name: "probe",
    title: "dbksvd probe --json",
    field: ofRows<ProbeResult & Partial<SuggestedNames>>({
      rows: count("Rows coded."),
      unlabelled: count("Rows without any label."),
      passedOver: count("Classes passed over: too few rows."),
      units: words("What was probed.", ["rows", "groups"]),
      models: list("The models, then the baselines.", summary),
      ...PROBED,
      suggested: optional(suggested),
      file: optional(text("The file of suggested names: --suggest.")),
      labels: optional(labels),
    }),
  },
];
