/** What each metric says, in the order in which a report lists them. */
export const METRIC_NOTES: Readonly<Record<string, string>> = {
  rows: "Rows measured",
  fvu: "Σ‖y − ŷ‖² / Σ‖y − ȳ‖²: the share of variance left unexplained",
  explained_variance: "1 − fvu",
  fvu_capped: "fvu with rows beyond the norm cap pulled in to it",
  capped_rows: "Rows beyond the norm cap",
  capped_variance_share: "Share of the variance that such rows hold",
  explained_variance_legacy: "Mean over rows of 1 − ‖y − ŷ‖² / ‖y − b‖²",
  mse: "Mean squared length of the residual",
  cosine_similarity: "Mean cosine between a row and its reconstruction",
  l2_ratio: "Mean of ‖ŷ‖ / ‖y‖",
  relative_reconstruction_bias: "Mean ‖ŷ‖² / mean ⟨y, ŷ⟩: 1 is unbiased",
  l0: "Mean nonzeros a row",
  l0_std: "Standard deviation of the nonzeros of a row",
  l0_positive: "Mean positive coefficients a row",
  dead_atoms: "Atoms that none of these rows uses",
  coherence: "Largest |cosine| between two atoms",
  coherence_mean: "Mean over atoms of the largest |cosine| to another",
  recovered: "Share of true atoms found with |cosine| above 0.99",
  mmcs: "Mean |cosine| between true atoms and their matches",
  zero_rows: "Rows of zero length, or rebuilt as zero: left out of the cosine",
};

/** The metrics that are finite numbers, known ones first and in order. */
export function numericMetrics(metrics: object): [string, number][] {
  const entries = Object.entries(metrics).filter(
    (entry): entry is [string, number] =>
      typeof entry[1] === "number" && Number.isFinite(entry[1]),
  );
  const order = Object.keys(METRIC_NOTES);
  const place = (name: string) => {
    const found = order.indexOf(name);
    return found === -1 ? order.length : found;
  };
  return entries.sort((a, b) => place(a[0]) - place(b[0]));
}
