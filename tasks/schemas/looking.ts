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
import {
  count,
  define,
  type Document,
  either,
  type Fields,
  figure,
  flag,
  list,
  number,
  object,
  optional,
  sign,
  text,
} from "./fields.ts";
import { latentClass } from "./probing.ts";
import { labels } from "./labels.ts";
import { by, model, ofRows } from "./shared.ts";

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

/** The documents of the commands that look at atoms. */
export const LOOKING: readonly Document[] = [
  { name: "inspect", title: "dbksvd inspect --json", field: inspection },
];
