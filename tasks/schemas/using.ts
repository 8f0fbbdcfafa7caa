// What the commands that use dictionaries print.
import type { Comparison } from "../../src/use/compare.ts";
import type { DecodeResult } from "../../src/use/decode.ts";
import type { EncodeResult } from "../../src/use/encode.ts";
import type { DetailedEvaluation } from "../../src/use/evaluate.ts";
import type { SteerResult } from "../../src/use/steer.ts";
import {
  count,
  type Document,
  either,
  type Field,
  type Fields,
  figure,
  list,
  number,
  object,
  optional,
  sign,
  text,
  words,
} from "./fields.ts";
import { matching, metrics, spread } from "./metrics.ts";
import {
  bytes,
  device,
  model,
  type OfModel,
  ofRows,
  out,
  rows,
  seconds,
  UNUSED,
  type Unused,
} from "./shared.ts";

const MEASURED: Fields<
  Pick<DetailedEvaluation, "model" | "rows" | "coder" | "metrics">
> = {
  model: text("The model, as it was given."),
  rows: count("Rows measured."),
  coder: text(
    "How its codes are found, in words; by a threshold that was given, with their mean number of nonzeros.",
  ),
  metrics,
};

const atomPair = object<Comparison["pairs"][number]>({
  a: count("The atom of the first."),
  b: count("The atom of the second."),
  similarity: number("⟨d_a, d_b⟩."),
  labelA: optional(text("The first one's name.")),
  labelB: optional(text("The second one's name.")),
});

const share = figure("The share of the larger dictionary's atoms.");

const comparison: Field = object<{ a: string; b: string } & Comparison>({
  a: text("The first model, as it was given."),
  b: text("The second."),
  atoms: object<Comparison["atoms"]>({
    a: count("Atoms of the first."),
    b: count("Atoms of the second."),
  }),
  matching: matching(),
  mmcs: figure("Mean |⟨d_a, d_b⟩| of matched pairs."),
  shares: object<Comparison["shares"]>({
    "0.5": share,
    "0.7": share,
    "0.9": share,
    "0.99": share,
  }, "The share of atoms matched at least so well."),
  similarities: spread("|⟨d_a, d_b⟩| of matched pairs."),
  pairs: list(
    "Matched pairs, the most alike first; --limit of them.",
    atomPair,
  ),
});

type Steered = SteerResult["atoms"][number];

/** The documents of encode, evaluate, decode, compare and steer. */
export const USING: readonly Document[] = [
  {
    name: "encode",
    title: "dbksvd encode --json",
    field: ofRows<OfModel & EncodeResult>({
      model,
      out: text("The file, or with --mpi the folder, that was written."),
      rows: count("Rows coded."),
      bytes,
      seconds,
      by: words("What the file holds.", ["code", "activation"]),
      coder: text("How that was found, in words."),
      device,
    }),
  },
  {
    name: "evaluate",
    title: "dbksvd evaluate --json",
    field: either(
      ofRows(MEASURED, "One model."),
      object<{ models: unknown[] } & Unused>({
        models: list("The models, in order.", object(MEASURED)),
        ...UNUSED,
      }, "Several models."),
    ),
  },
  {
    name: "decode",
    title: "dbksvd decode --json",
    field: object<OfModel & DecodeResult>({
      model,
      out,
      rows,
      rowsUnchanged: optional(
        count("Vectors of --like's file that there are no codes of."),
      ),
      bytes,
      seconds,
    }),
  },
  { name: "compare", title: "dbksvd compare --json", field: comparison },
  {
    name: "steer",
    title: "dbksvd steer --json",
    field: ofRows<OfModel & SteerResult>({
      model,
      out,
      width: count("Dimensions of the vector."),
      length: number("Its length, in raw units."),
      atoms: list(
        "The atoms that it steers towards.",
        object<Steered>({
          atom: count("Its index."),
          sign: sign("The sign of its codes."),
          weight: number("Its weight."),
          label: optional(text("Its name.")),
          activation: number("How strongly it is activated, in raw units."),
          uses: count("Rows that use it with that sign."),
        }),
      ),
    }),
  },
];
