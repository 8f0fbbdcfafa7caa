/** How well a probe tells the rows of a test apart. */
export interface ProbeScore {
  /** The share of rows decided right: balanced accuracy, the test having as many rows of both kinds. */
  accuracy: number;
  /** Area under the ROC curve. */
  auc: number;
}

/** Accuracy at 0 and area under the curve of decisions. */
export function scoreOf(
  decisions: Float64Array,
  positive: Uint8Array,
): ProbeScore {
  const right = hits(decisions, positive);
  return {
    accuracy: right.reduce((sum, hit) => sum + hit, 0) / right.length,
    auc: areaUnderCurve(decisions, positive),
  };
}

/** 1 for every row that a decision above 0 tells right, else 0. */
export function hits(
  decisions: Float64Array,
  positive: Uint8Array,
): Uint8Array {
  return Uint8Array.from(
    decisions,
    (value, i) => (value > 0 ? 1 : 0) === positive[i] ? 1 : 0,
  );
}

/** The chance that a row of the class has a larger value than another one, ties counted half (Mann and Whitney). */
export function areaUnderCurve(
  values: ArrayLike<number>,
  positive: Uint8Array,
): number {
  const order = Array.from({ length: values.length }, (_, i) => i)
    .sort((a, b) => values[a] - values[b]);
  let below = 0, sum = 0, positives = 0;
  for (let i = 0; i < order.length;) {
    let end = i, of = 0;
    while (end < order.length && values[order[end]] === values[order[i]]) {
      of += positive[order[end++]];
    }
    const others = end - i - of;
    sum += of * (below + others / 2);
    below += others;
    positives += of;
    i = end;
  }
  const pairs = positives * below;
  return pairs === 0 ? NaN : sum / pairs;
}
