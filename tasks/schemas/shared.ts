// What several documents hold.
import type { EngineInfo } from "../../src/engine/engine.ts";
import type { Labels } from "../../src/labels/label.ts";
import type { Histogram } from "../../src/metrics/histogram.ts";
import type {
  PrefixMetrics,
  RowMetrics,
} from "../../src/metrics/accumulator.ts";
import type {
  CoherenceMetrics,
  RecoveryMetrics,
} from "../../src/metrics/dictionary.ts";
import type { QualityMetrics } from "../../src/metrics/sums.ts";
import type { ModelConfig } from "../../src/model/model.ts";
import { trainingOptions } from "../../src/options/table.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import type { NotRead } from "../../src/rows/not_read.ts";
import {
  count,
  define,
  described,
  type Field,
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

/** What an engine is, but for its details. */
export const ranBy = {
  kind: words("The engine.", ["gpu", "cpu"]),
  name: text("The adapter's name, or the processor's."),
  software: flag("Whether a GPU engine runs on a software driver."),
};

/** What ran a command. */
export const device = define(
  "device",
  object<EngineInfo>({
    ...ranBy,
    details: {
      json: {
        description: "What else is known of it: threads, driver, limits.",
        type: "object",
        additionalProperties: { type: ["string", "number", "boolean"] },
      },
    },
  }, "What did the work."),
);

const histogram = define(
  "histogram",
  object<Histogram>({
    edges: list("Bounds of the bins, one more than bins.", number("A bound.")),
    counts: list("Values in each bin.", count("Values.")),
  }, "How values are spread."),
);

/** How values are spread. */
export const spread = (description: string) =>
  described(description, histogram);

const QUALITY: Fields<QualityMetrics> = {
  rows: count("Rows measured."),
  fvu: figure(
    "Σ‖r‖²/Σ‖y − ȳ‖², the share of variance not explained; lower is better.",
  ),
  explained_variance: figure("1 − fvu."),
  fvu_capped: optional(
    figure("fvu with rows beyond the norm limit pulled in."),
  ),
  capped_rows: optional(count("Rows beyond the limit.")),
  capped_variance_share: optional(figure("Their share of the variance.")),
  explained_variance_legacy: figure("Mean over rows of 1 − ‖r‖²/‖y − b‖²."),
  mse: figure("Mean of ‖r‖²."),
  cosine_similarity: figure("Mean cosine of rows and reconstructions."),
  l2_ratio: figure("Mean of ‖ŷ‖/‖y‖."),
  relative_reconstruction_bias: figure("Mean ‖ŷ‖² over mean ⟨y, ŷ⟩."),
  l0: figure("Mean nonzeros a row."),
  l0_std: optional(
    figure(
      "Standard deviation of the nonzeros of a row; absent where all rows have as many.",
    ),
  ),
  l0_positive: figure("Mean positive codes a row."),
  zero_rows: count("Rows of zero length, or rebuilt as zero."),
};

const ROW_NUMBERS: Fields<QualityMetrics & Pick<RowMetrics, "dead_atoms">> = {
  ...QUALITY,
  dead_atoms: count("Atoms that no row used."),
};

type Coherence = Pick<CoherenceMetrics, "coherence" | "coherence_mean">;

const COHERENCE: Fields<Coherence> = {
  coherence: figure("Largest |⟨d_i, d_j⟩| of two atoms."),
  coherence_mean: figure("Mean over atoms of the largest |⟨d_i, d_j⟩|."),
};

/** Metrics that are single numbers. */
export const scores = define(
  "scores",
  object<QualityMetrics & Pick<RowMetrics, "dead_atoms"> & Partial<Coherence>>({
    ...ROW_NUMBERS,
    coherence: optional(COHERENCE.coherence),
    coherence_mean: optional(COHERENCE.coherence_mean),
  }, "Metrics that are single numbers; null where no row defines one."),
);

/** Every metric. */
export const metrics = define(
  "metrics",
  object<RowMetrics & CoherenceMetrics & Partial<RecoveryMetrics>>({
    ...ROW_NUMBERS,
    atom_density: spread("log10 of the share of rows that use an atom."),
    prefixes: optional(list(
      "The same for every prefix of a nested dictionary's groups.",
      object<PrefixMetrics>({
        groups: count("Groups in the prefix."),
        atoms: count("Atoms in the prefix."),
        ...QUALITY,
      }),
    )),
    ...COHERENCE,
    coherence_by_atom: spread("Over atoms, the largest |⟨d_i, d_j⟩|."),
    recovered: optional(figure("Share of the true atoms that were found.")),
    mmcs: optional(figure("Mean |⟨d, d̂⟩| of matched pairs.")),
    matching: optional(matching()),
  }, "Every metric; null where no row defines one."),
);

/** How atoms of two dictionaries were paired. */
export function matching(): Field {
  return words("How pairs were found.", ["hungarian", "greedy"]);
}

/** What lies among the inputs and was not used. */
export interface Unused {
  dropped?: Record<string, number>;
  notRead?: NotRead[];
}

const notRead = list(
  "What lies among the inputs and was not read.",
  object<NotRead>({
    reason: text("Why."),
    count: count("How many."),
    paths: list("The first of them.", text("A path.")),
  }),
);

const dropped = map("Rows that were dropped, by reason.", count("Rows."));

/** Fields of every document about rows. */
export const UNUSED: Fields<Unused> = {
  dropped: optional(dropped),
  notRead: optional(notRead),
};

/** A document about rows: its own fields, and what was not used of the inputs. */
export function ofRows<T>(fields: Fields<T>, description?: string): Field {
  return object<T & Unused>(
    // The types cannot tell that fields of two interfaces are fields of both.
    { ...fields, ...UNUSED } as unknown as Fields<T & Unused>,
    description,
  );
}

/** Which reading of the atoms a document goes by. */
export const by = words("What rows use atoms by.", ["code", "activation"]);

/** A label, with where it is from. */
export const label = define(
  "label",
  object<Exclude<Labels[string], string | readonly unknown[]>>({
    label: text("The name."),
    source: words("Who gave it.", ["hand", "probe", "model", "import"]),
    sign: optional(sign("The sign of the codes that it names; else both.")),
    score: optional(number("How well it fits, 0 to 1, by its source.")),
    fuzzing: optional(number("How well its tokens are known, 0 to 1.")),
    model: optional(text("The language model that gave it.")),
    prompt: optional(text("The version of the prompt.")),
  }, "A name of an atom."),
);

/** What names an atom. */
export const labelEntry = define("labelEntry", {
  json: {
    anyOf: [
      { type: "string", description: "A name given by hand." },
      label.json,
      { type: "array", items: label.json, minItems: 2, maxItems: 2 },
    ],
  },
});

/** Names by atom. */
export const labels: Field = {
  json: {
    description: "Names by atom index.",
    type: "object",
    propertyNames: { pattern: "^(0|[1-9][0-9]*)$" },
    additionalProperties: labelEntry.json,
  },
};

const parameters: Field = {
  json: {
    description: "Every training parameter, as the options are named in JSON.",
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      trainingOptions().map((
        [key, { kind: { schema }, help, about = help }],
      ) => [
        key,
        { ...schema, description: about },
      ]),
    ),
  },
};

type Reading = Pick<
  OpenRowsOptions,
  | "blobType"
  | "width"
  | "skipInvalid"
  | "where"
  | "skipItems"
  | "unitNorm"
  | "maxNormQuantile"
>;

const reading = object<Reading>({
  blobType: optional(
    words("What the bytes of a blob are.", ["f32", "f16", "bf16"]),
  ),
  width: optional(count("Dimensions of a row in raw dumps.")),
  skipInvalid: optional(flag("Whether invalid rows were dropped.")),
  where: optional({
    json: { description: "Filters on other columns.", type: "object" },
  }),
  skipItems: optional(count("Items left out of every outer row.")),
  unitNorm: optional(flag("Whether rows were divided by their length.")),
  maxNormQuantile: optional(
    number("Rows longer than this quantile were dropped."),
  ),
}, "How the rows were read: what was left out or changed.");

/** The record of a training. */
export const config = define(
  "config",
  object<ModelConfig>({
    formatVersion: count("Version of the directory's format."),
    toolVersion: text("Version of the tool that trained it."),
    parameters,
    inputs: list(
      "What it was trained on.",
      object<ModelConfig["inputs"][number]>({
        path: text("The file, or its address."),
        rows: count("Its rows."),
        bytes: count("Its size."),
        digest: optional(text("What its content comes to: `sha256:…`.")),
      }),
    ),
    column: optional(text("The column with the vectors.")),
    reading: optional(reading),
    rows: object<ModelConfig["rows"]>({
      read: count("Rows read."),
      training: count("Rows trained on."),
      heldOut: count("Rows held out."),
      capped: optional(count("Rows of huge norm that were pulled in.")),
      dropped,
    }, "Rows, by what was done with them."),
    holdoutBy: optional(text(
      "What held-out rows were kept together by: `outer` or a column; else rows by themselves.",
    )),
    notRead: optional(notRead),
    calibration: optional(object<NonNullable<ModelConfig["calibration"]>>({
      threshold: number("What a row's correlations have to exceed."),
      l0: number("Mean nonzeros a row under it."),
      on: words("Which rows it was found on.", [
        "validation",
        "held-out",
        "training",
      ]),
      rows: count("How many of them."),
    }, "How rows share their nonzeros.")),
    device,
    distributed: optional(object<NonNullable<ModelConfig["distributed"]>>({
      ranks: count("Processes."),
      library: text("What carried their sums."),
      devices: list("What did the work of each.", text("A device.")),
    }, "The processes that trained together.")),
    heldOut: optional(described("On the held-out rows.", scores)),
    training: optional(described("On as many training rows.", scores)),
    seconds: optional(number("How long the training took.")),
  }, "Everything recorded of a training: `config.json`."),
);

/** A model directory, as it was given. */
export const model = text("The model directory.");
