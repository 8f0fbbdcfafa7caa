/** Who gave a name: a person, `probe --write-labels`, `label --explain`, or a file of another tool's. */
export type LabelSource = "hand" | "probe" | "model" | "import";

/** A name of an atom, with where it is from. */
export interface AtomLabel {
  /** The name. */
  label: string;
  /** Who gave it. */
  source: LabelSource;
  /** The sign of the codes that it is a name for; both where left out. */
  sign?: "+" | "-";
  /**
   * How well the name fits, between 0 and 1, by its source's measure: F1 of a class, balanced accuracy of a
   * detection.
   */
  score?: number;
  /** Balanced accuracy of telling the tokens that are meant from others, where a model named it. */
  fuzzing?: number;
  /** The language model that gave it. */
  model?: string;
  /** The version of the prompt that the model was asked with. */
  prompt?: string;
}

/** What names an atom: text given by hand; a label; or two of them, one a sign. */
export type LabelEntry = string | AtomLabel | readonly AtomLabel[];

/**
 * Names by atom index, as `labels.json` holds them: `{"17": "music"}`, `{"17": {"label": "music", "source":
 * "probe"}}`.
 */
export type Labels = Readonly<Record<string, LabelEntry>>;

/** The most characters that a name may have. */
export const LONGEST_LABEL = 200;

/**
 * Why text cannot be a name, or `undefined` where it can: names are short and of one line, so that every table, page
 * and terminal can show them.
 */
export function labelProblem(label: string): string | undefined {
  if (label.trim() === "") return "it is empty";
  if ([...label].length > LONGEST_LABEL) {
    return `it has over ${LONGEST_LABEL} characters`;
  }
  // deno-lint-ignore no-control-regex
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/.test(
      label.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""),
    )
    ? "it has control characters"
    : undefined;
}

/** An entry as a list of labels: one, or two of different signs. */
export function labelsIn(entry: LabelEntry): readonly AtomLabel[] {
  if (typeof entry === "string") return [{ label: entry, source: "hand" }];
  return "label" in entry ? [entry] : entry;
}

/** The shortest form of labels that says the same: text where a person named both signs alike. */
export function entryOf(labels: readonly AtomLabel[]): LabelEntry {
  if (labels.length !== 1) return labels;
  const [{ label, source, sign, score, prompt }] = labels;
  const plain = source === "hand" && sign === undefined &&
    score === undefined && prompt === undefined;
  return plain ? label : labels[0];
}

/** A name as tables and pages show it: `music`, `music (+)`, `music (+), silence (−)`. */
export function labelText(entry: LabelEntry): string {
  return labelsIn(entry).map(({ label, sign }) =>
    sign === undefined ? label : `${label} (${sign === "+" ? "+" : "−"})`
  ).join(", ");
}

/** Names as text by atom index. */
export function labelTexts(labels: Labels): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([atom, entry]) => [atom, labelText(entry)]),
  );
}

/** The name of an atom's codes of one sign: its own where there is one, else the one of both signs. */
export function labelOfSign(
  entry: LabelEntry,
  sign: "+" | "-",
): AtomLabel | undefined {
  const labels = labelsIn(entry);
  return labels.find((one) => one.sign === sign) ??
    labels.find((one) => one.sign === undefined);
}

/**
 * Names after further ones came: what a person gave is replaced by a person's name only; anything else gives way to
 * what comes. A name of one sign stands beside one of the other; a name of both signs takes the place of both.
 *
 * @param present the names so far
 * @param further the names to add
 */
export function mergeLabels(present: Labels, further: Labels): Labels {
  const merged: Record<string, LabelEntry> = { ...present };
  for (const [atom, entry] of Object.entries(further)) {
    let labels = atom in merged ? labelsIn(merged[atom]) : [];
    for (const label of labelsIn(entry)) labels = withLabel(labels, label);
    merged[atom] = entryOf(labels);
  }
  return inOrder(merged);
}

function withLabel(
  present: readonly AtomLabel[],
  label: AtomLabel,
): readonly AtomLabel[] {
  const inTheWay = present.filter(({ sign }) =>
    sign === undefined || label.sign === undefined || sign === label.sign
  );
  if (
    label.source !== "hand" && inTheWay.some(({ source }) => source === "hand")
  ) return present;
  // A name of both signs keeps the sign that the new one does not speak of.
  const kept = present.flatMap((one) => {
    if (!inTheWay.includes(one)) return [one];
    if (one.sign !== undefined || label.sign === undefined) return [];
    return [{ ...one, sign: label.sign === "+" ? "-" as const : "+" as const }];
  });
  return [...kept, label].sort((a, b) =>
    (a.sign ?? "+") < (b.sign ?? "+") ? -1 : 1
  );
}

/** Names in order of their atoms. */
export function inOrder(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).sort(([a], [b]) => Number(a) - Number(b)),
  );
}
