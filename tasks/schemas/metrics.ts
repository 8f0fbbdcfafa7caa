// Metrics of a dictionary on rows.
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
import {
  count,
  define,
  described,
  type Field,
  type Fields,
  figure,
  list,
  number,
  object,
  optional,
  words,
} from "./fields.ts";

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
