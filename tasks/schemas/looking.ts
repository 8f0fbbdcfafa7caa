// What the commands that look at atoms print.
import type {
  AtomDescription,
  ShownRow,
  SideDescription,
  SideLogits,
  TokenLogit,
} from "../../src/inspection/describe.ts";
import type { RowDescription } from "../../src/inspection/describe_row.ts";
import type { PictureCounts } from "../../src/cli/pictures.ts";
import type { AtomLogits } from "../../src/report/data.ts";
import type { AtomHit } from "../../src/inspection/search.ts";
import type { AtomReading } from "../../src/model/atom_reading.ts";
import type { Labels } from "../../src/labels/label.ts";
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
  either,
  type Fields,
  figure,
  flag,
  list,
  map,
  number,
  object,
  optional,
  sign,
  text,
  words,
} from "./fields.ts";
import { by, labels, model, ofRows } from "./shared.ts";

const shownRow = define(
  "shownRow",
  object<ShownRow>({
    row: count("Its number among the rows."),
    value: number("Its code, or its activation, in raw units."),
    times: optional(count("How often its text stood among the atom's rows.")),
    text: optional(text("Its text.")),
    before: optional(text("What stands before it.")),
    after: optional(text("What follows it.")),
  }, "A row that shows an atom."),
);

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

const latentClass = define(
  "latentClass",
  object<LatentClass>(LATENT, "The class that a latent tells best."),
);

const side = object<SideDescription>({
  sign: sign("The sign."),
  uses: count("Rows that use the atom with it."),
  maxActivation: number("Largest |code|, in raw units."),
  top: list("The rows that use it most.", shownRow),
  spread: list("Rows drawn evenly from all that use it.", shownRow),
}, "What one sign of the codes stands for.");

const otherAtom = {
  atom: count("Its index."),
  label: optional(text("Its name.")),
};

const tokenLogit = define(
  "tokenLogit",
  object<TokenLogit>({
    id: count("Its id in the vocabulary."),
    token: text("Its text, a leading space included."),
    logit: number("What a code of 1, in raw units, adds to its logit."),
  }, "A token of an atom's logits."),
);

const sideLogits = object<SideLogits>({
  sign: sign("Of the codes."),
  promoted: list("The largest logits, largest first.", tokenLogit),
  suppressed: list("The smallest, smallest first.", tokenLogit),
}, "The tokens that a sign of the codes promotes and suppresses.");

const unembedding = optional(object<AtomLogits["unembedding"]>({
  path: text("As it was named."),
  tensor: text("Its tensor's name."),
  norm: optional(text("The final norm's weights that are folded in.")),
  vocabulary: count("Tokens that were looked at."),
}, "What the atoms were multiplied by for their logits: --unembed."));

const ATOM: Fields<AtomDescription> = {
  atom: count("Its index."),
  label: optional(text("Its name.")),
  by,
  uses: count("Rows that use it."),
  meanActivation: number("Mean |value| over its uses, in raw units."),
  maxActivation: number("Largest |value|, in raw units."),
  coherence: number("Largest |⟨d, d'⟩| to another atom."),
  nearest: list(
    "The atoms most like it.",
    object<AtomDescription["nearest"][number]>({
      ...otherAtom,
      similarity: number("⟨d, d'⟩."),
    }),
  ),
  classes: optional(list("The classes that it tells best.", latentClass)),
  top: list("The rows that use it most, of both signs.", shownRow),
  sides: list("The signs of its codes.", side),
  together: list(
    "The atoms that fire together with it.",
    object<AtomDescription["together"][number]>({
      ...otherAtom,
      share: number("The share of its rows that use the other as well."),
    }),
  ),
  logits: optional(
    list("The tokens that it promotes and suppresses, by sign.", sideLogits),
  ),
};

interface OfModel {
  model: string;
}

interface OfUnembedding {
  unembedding?: AtomLogits["unembedding"];
}

const pictures = object<PictureCounts>({
  column: text("The column that they come from: --image."),
  sizePixels: count("Their longest side."),
  shown: count("Rows shown as pictures, of those kept."),
  broken: object<PictureCounts["broken"]>({
    empty: optional(count("The column has nothing there.")),
    missing: optional(count("There is no such file, or it cannot be read.")),
    outside: optional(count("It lies outside of the inputs' folder.")),
    notPicture: optional(count("It is no picture of a known kind.")),
    tooLarge: optional(count("It is larger than pictures are.")),
    unreachable: optional(count("The server does not give it.")),
  }, "Rows whose picture cannot be shown, by reason."),
  firstBroken: optional(count("The number of the first of them.")),
  left: count("Rows left out by --image-limit."),
}, "Pictures of the kept rows.");

const atomTable = ofRows<
  & OfModel
  & OfUnembedding
  & {
    rows: number;
    by: AtomReading;
    coder: string;
    html?: string;
    pictures?: PictureCounts;
    atoms: unknown[];
  }
>({
  model,
  rows: count("Rows that were looked at."),
  by,
  coder: text("How that was found, in words."),
  html: optional(text("The atom browser that was written: --html.")),
  unembedding,
  pictures: optional(pictures),
  atoms: list(
    "All atoms by index; with --limit so many, the most used first.",
    object(ATOM),
  ),
}, "All atoms.");

const rowPage = ofRows<OfModel & RowDescription>({
  model,
  row: count("Its number among the rows."),
  text: optional(text("Its text.")),
  before: optional(text("What stands before it.")),
  after: optional(text("What follows it.")),
  by,
  residual: optional(figure("‖r‖²/‖y − mean‖²; by code.")),
  atoms: list(
    "Its atoms, the largest contribution or activation first.",
    object<RowDescription["atoms"][number]>({
      ...otherAtom,
      value: number("Its code, or its activation, in raw units."),
      contribution: optional(
        number("⟨value·atom, y − mean⟩/‖y − mean‖²; by code."),
      ),
    }),
  ),
}, "A row as its atoms make it up: --row.");

const hits = ofRows<OfModel & { by: AtomReading; hits: AtomHit[] }>({
  model,
  by,
  hits: list(
    "Atoms that match, best first; --limit of them.",
    object<AtomHit>({
      ...otherAtom,
      score: number("How well it matches."),
      texts: list("Matching texts, strongest first.", text("A text.")),
    }),
  ),
}, "What --search found.");

const inspection = either(
  atomTable,
  ofRows<OfModel & OfUnembedding & AtomDescription>(
    { model, ...ATOM, unembedding },
    "One atom: --atom.",
  ),
  rowPage,
  hits,
  object<OfModel & { labels: Labels }>({ model, labels }, "After --label."),
  object<OfModel & { forgotten: boolean }>({
    model,
    forgotten: flag("Whether anything was kept."),
  }, "After --forget."),
  object<OfModel & { url: string }>({
    model,
    url: text("Where the atom browser is served."),
  }, "While --serve serves."),
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

/** The documents of the commands that look at atoms. */
export const LOOKING: readonly Document[] = [
  { name: "inspect", title: "dbksvd inspect --json", field: inspection },
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
