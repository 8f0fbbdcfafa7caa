import { labelOfSign } from "../labels/label.ts";
import type {
  BestLatent,
  ProbeResult,
  ProbeSummary,
} from "../metrics/probe_result.ts";
import type { NamedModel } from "../use/evaluate.ts";
import type { SuggestedNames } from "../probing/suggest_labels.ts";
import { count, counted, table } from "../text.ts";

/** What a probe found, as tables: models and baselines, then classes. */
export function probeText(
  result: ProbeResult,
  models: readonly NamedModel[],
  names?: SuggestedNames,
): string {
  const parts = [
    summaryTable(result),
    ...perturbationTables(result),
    ...models.map(({ name, model }) => {
      const heading = models.length > 1 ? `${name}\n` : "";
      const labels = "format" in model ? {} : model.labels ?? {};
      return heading + classTable(result, name, labels);
    }),
  ];
  const { passedOver, unlabelled } = result;
  const left = [
    ...(passedOver > 0
      ? [
        `${
          counted(passedOver, "class", "classes")
        } passed over: too few rows, or beyond the 20 most frequent of a column`,
      ]
      : []),
    ...(unlabelled > 0
      ? [`${counted(unlabelled, "row")} without a label`]
      : []),
  ];
  if (left.length > 0) parts.push(left.join("; "));
  if (names !== undefined) parts.push(namesText(names));
  return parts.join("\n\n");
}

function summaryTable(
  { models, rows, units }: ProbeResult,
): string {
  const ks = Object.keys(models[0].accuracy);
  const cell = (one: ProbeSummary, k: string) => {
    const value = one.accuracy[k], half = one.halfWidth[k];
    if (value === undefined) return "";
    return half === undefined
      ? share(value)
      : `${share(value)} ±${share(half)}`;
  };
  const last = ks[ks.length - 1];
  return table(
    [
      `${count(rows)} rows${units === "groups" ? ", groups" : ""}, accuracy by`,
      ...ks.map((k) => `${k} latent${k === "1" ? "" : "s"}`),
      "dense",
      `L1 AUC, ${last}`,
      "best F1",
      "L0",
      "densest",
      "over 10 %",
    ],
    models.map((one) => [
      one.model,
      ...ks.map((k) => cell(one, k)),
      share(one.accuracy.dense),
      share(one.l1Auc[last]),
      share(one.bestF1),
      one.l0 === undefined ? "" : one.l0.toFixed(1),
      share(one.densest),
      one.denseLatents === undefined ? "" : count(one.denseLatents),
    ]),
  );
}

function perturbationTables({ models }: ProbeResult): string[] {
  const tables: string[] = [];
  for (
    const [heading, scores] of [
      ["TPP, latents taken out", models.map(({ tpp }) => tpp)],
      ["SCR, latents taken out", models.map(({ scr }) => scr)],
    ] as const
  ) {
    const counts = Object.keys(scores.find((one) => one !== undefined) ?? {});
    if (counts.length === 0) continue;
    tables.push(table(
      [heading, ...counts],
      models.flatMap(({ model }, i) => {
        const found = scores[i];
        if (found === undefined) return [];
        return [[model, ...counts.map((count) => signed(found[count]))]];
      }),
    ));
  }
  const absorbed = models.filter(({ absorption }) => absorption !== undefined);
  if (absorbed.length > 0) {
    tables.push(table(
      ["absorption", "fraction", "full", "own latents' F1", "classes"],
      absorbed.map(({ model, absorption }) => [
        model,
        share(absorption!.fraction),
        share(absorption!.full),
        share(absorption!.mainF1),
        count(absorption!.classes),
      ]),
    ));
  }
  return tables;
}

function classTable(
  { scores, best, models }: ProbeResult,
  model: string,
  labels: Parameters<typeof labelsOf>[0],
): string {
  const ks = Object.keys(models[0].accuracy);
  const [first, last] = [ks[0], ks[ks.length - 1]];
  const own = scores.filter((score) => score.model === model);
  const classes = own.filter(({ k }) => String(k) === first);
  const accuracy = (of: typeof own[number], name: string, k?: string) => {
    const found = scores.find((score) =>
      score.model === name && score.label === of.label &&
      score.class === of.class &&
      (k === undefined || String(score.k) === k)
    );
    return found === undefined ? "" : share(found.accuracy);
  };
  const rows = classes.map((of) => {
    const one = best.find((latent) =>
      latent.model === model && latent.label === of.label &&
      latent.class === of.class
    );
    return [
      `${of.label}: ${of.class}`,
      count(of.rows),
      accuracy(of, "dense"),
      `${accuracy(of, "pca", first)}/${accuracy(of, "pca", last)}`,
      ks.map((k) => accuracy(of, model, k)).join("/"),
      share(
        own.find((score) =>
          score.label === of.label && score.class === of.class &&
          String(score.k) === last
        )?.auc,
      ),
      ...bestCells(one, labels),
    ];
  });
  return table(
    [
      "class",
      "rows",
      "dense",
      `PCA ${first}/${last}`,
      `latents ${ks.join("/")}`,
      `AUC ${last}`,
      "best latent",
      "precision",
      "recall",
      "F1",
      "density",
    ],
    rows,
  );
}

function bestCells(
  one: BestLatent | undefined,
  labels: Parameters<typeof labelsOf>[0],
): string[] {
  if (one === undefined) return ["–", "", "", "", ""];
  return [
    `${one.atom}${one.sign === "-" ? "−" : ""}${labelsOf(labels, one)}`,
    share(one.precision),
    share(one.recall),
    share(one.f1),
    share(one.density),
  ];
}

function labelsOf(
  labels: Readonly<Record<string, Parameters<typeof labelOfSign>[0]>>,
  { atom, sign }: BestLatent,
): string {
  const entry = labels[String(atom)];
  const label = entry === undefined ? undefined : labelOfSign(entry, sign);
  return label === undefined ? "" : ` (${label.label})`;
}

function namesText({ suggested, file, labels }: SuggestedNames): string {
  const atoms = Object.keys(suggested).length;
  return `Names for ${counted(atoms, "atom")} in ${file}${
    labels === undefined
      ? "; --write-labels gives them to the atoms"
      : ", and in the model's labels.json"
  }`;
}

// .746 for 0.746, as tables of accuracies have it.
function share(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  return value.toFixed(3).replace(/^0/, "");
}

function signed(value: number): string {
  return value < 0 ? `−${share(-value)}` : share(value);
}
