import { decoderOf } from "./disentangling/recode.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { ProbeOptions } from "../../src/probing/options.ts";
import { probe } from "../../src/probing/probe.ts";
import type { ProbeSummary } from "../../src/metrics/probe_result.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { withCoder } from "../../src/use/coder_changes.ts";
import { evaluateAll, type NamedModel } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";
import {
  type LabelledSet,
  labelledSet,
  sourceOf,
  trainingRows,
} from "./disentangling/data.ts";
import { trainSae } from "./disentangling/sae.ts";
import { DIAL, type Way, WAYS } from "./disentangling/ways.ts";
import { markdownTable, type Report } from "./report.ts";

/** Latents that probes go by. */
const KS = [1, 5, 20];

const LEGEND = [
  "Balanced accuracy of probes by the best 1, 5 and 20 latents (`dbksvd probe`), fitted to the rows that dictionaries",
  "are trained on and tested on others; FVU on these. densest: the share of rows in which the most used latent fires;",
  "dense latents: those that fire in over a tenth. absorbed, wholly, main F1: the fraction and the share of rows that",
  "`--absorption` gives, and the F1 of the classes' own latents: under .3 of it the two say nothing. Autoencoders:",
  "Adam, 1e-3, batches of 1024, from random rows.",
].join(" ");

/** What one model comes to by one seed. */
interface Row {
  fvu: number;
  summary: ProbeSummary;
}

/**
 * Reconstruction and disentangling side by side: each setting's held-out FVU, sparse probing, density and absorption,
 * on words, tokens and planted concepts, beside sparse autoencoders, random rows, coordinates and principal
 * components.
 *
 * @param seeds trainings of each dictionary
 * @param directory what make_data.ts wrote
 * @param names which data sets
 */
export async function disentangling(
  seeds: number,
  directory: string,
  names: readonly string[],
): Promise<Report> {
  const tables = await tablesOf(names, directory, seeds, measured);
  return {
    title: "Reconstruction and disentangling",
    body: `${tables}\n\nMeans over ${seeds} seeds. ${LEGEND}`,
  };
}

/**
 * The choice of `--for probing`: first groups, selection ridges and group weights, all of them coded jointly, by
 * held-out FVU and sparse probing.
 *
 * @param seeds trainings of each dictionary
 * @param directory what make_data.ts wrote
 * @param names which data sets
 */
export async function dial(
  seeds: number,
  directory: string,
  names: readonly string[],
): Promise<Report> {
  const tables = await tablesOf(
    names,
    directory,
    seeds,
    async (set, seed) =>
      await rowsOf(set, seed, await dictionariesOf(DIAL, set, seed), {
        baselines: [],
      }),
  );
  return {
    title: "The dial of probing",
    body:
      `${tables}\n\nMeans over ${seeds} seeds; non-negative training in two groups with half of k each, coded jointly with signs. Columns as above.`,
  };
}

async function tablesOf(
  names: readonly string[],
  directory: string,
  seeds: number,
  measure: (set: LabelledSet, seed: number) => Promise<Map<string, Row>>,
): Promise<string> {
  const parts: string[] = [];
  for (const name of names) {
    const set = await labelledSet(name, directory);
    const found = new Map<string, Row[]>();
    for (let seed = 0; seed < seeds; seed++) {
      for (const [model, row] of await measure(set, seed)) {
        found.set(model, [...found.get(model) ?? [], row]);
      }
      console.error(`${name}, seed ${seed}`);
    }
    parts.push(sectionOf(set, found));
  }
  return parts.join("\n\n");
}

async function measured(
  set: LabelledSet,
  seed: number,
): Promise<Map<string, Row>> {
  const dictionaries = await dictionariesOf(WAYS, set, seed);
  const models = [...dictionaries, ...autoencodersOf(set, seed)];
  return await rowsOf(set, seed, models, { absorption: true });
}

async function rowsOf(
  set: LabelledSet,
  seed: number,
  models: readonly NamedModel[],
  options: Pick<ProbeOptions, "absorption" | "baselines">,
): Promise<Map<string, Row>> {
  const source = sourceOf(set);
  const evaluated = await evaluateAll(models, source, {
    device: "cpu",
    rows: { only: set.test },
  });
  const probed = await probe(models, source, {
    ...{ device: "cpu", classColumns: Object.keys(set.classes), k: KS },
    ...{ test: set.test, seed, minRows: 80, ...options },
  });
  const rows = new Map<string, Row>();
  for (const summary of probed.models) {
    const { model } = summary;
    const metrics = evaluated.find((one) => one.model === model)?.metrics;
    rows.set(model, { fvu: metrics?.fvu ?? NaN, summary });
  }
  return rows;
}

async function dictionariesOf(
  ways: readonly Way[],
  set: LabelledSet,
  seed: number,
): Promise<NamedModel[]> {
  const { atoms, sparsity, width } = set;
  const rows = trainingRows(set);
  const models: NamedModel[] = [];
  for (const { name, options, coders } of ways) {
    const { model } = await train(rowsFromArray(rows, width), {
      ...{ atoms, sparsity, seed, holdout: 0 },
      ...options(set),
    }, { device: "cpu" });
    for (const [coder, changes] of Object.entries(coders)) {
      models.push({
        name: coder === "" ? name : `${name}: ${coder}`,
        model: withCoder<DictionaryModel>(model, changes),
      });
    }
  }
  return models;
}

function autoencodersOf(set: LabelledSet, seed: number): NamedModel[] {
  const { atoms, sparsity, width, saeSteps: steps } = set;
  const kinds = [
    ["TopK SAE", undefined],
    ["Matryoshka SAE", [32, 96, 224, atoms]],
  ] as const;
  return kinds.flatMap(([name, prefixes]) => {
    const options = { atoms, sparsity, steps, seed, prefixes };
    const sae = trainSae(trainingRows(set), width, options);
    return [
      { name: `${name}, its own encoder`, model: sae },
      {
        name: `${name}, its decoder by joint OMP, λ .3`,
        model: decoderOf(sae, { selectionRidge: 0.3 }),
      },
    ];
  });
}

/** What a table shows of a model, and with how many decimals. */
const COLUMNS: readonly [
  title: string,
  of: (row: Row) => number | undefined,
  decimals?: number,
][] = [
  ["FVU", ({ fvu }) => fvu],
  ...KS.map((k): typeof COLUMNS[number] => [
    `top ${k}`,
    ({ summary }) => summary.accuracy[k] ?? summary.accuracy.dense,
  ]),
  ["best F1", ({ summary }) => summary.bestF1],
  ["densest", ({ summary }) => summary.densest],
  ["dense latents", ({ summary }) => summary.denseLatents, 0],
  ["absorbed", ({ summary }) => summary.absorption?.fraction],
  ["wholly", ({ summary }) => summary.absorption?.full],
  ["main F1", ({ summary }) => summary.absorption?.mainF1],
];

function sectionOf(set: LabelledSet, found: Map<string, Row[]>): string {
  const lists = [...found.values()];
  const known = COLUMNS.filter(([, of]) =>
    lists.flat().some((row) => Number.isFinite(of(row)))
  );
  const table = markdownTable(
    ["", ...known.map(([title]) => title)],
    [...found].map(([name, list]) => [
      name,
      ...known.map(([, of, decimals = 3]) => cellOf(list.map(of), decimals)),
    ]),
  );
  const { name, data, width, atoms, sparsity, saeSteps } = set;
  const steps = [...found.keys()].some((model) => model.includes("SAE"))
    ? `; autoencoders ${saeSteps} steps`
    : "";
  return `**${name}** (${
    data.length / width
  } rows × ${width}, m = ${atoms}, k = ${sparsity}${steps})\n\n${table}`;
}

// The mean over seeds; nothing where one of them has no value.
function cellOf(
  values: readonly (number | undefined)[],
  decimals: number,
): string {
  const sum = values.reduce<number>((all, value) => all + (value ?? NaN), 0);
  const mean = sum / values.length;
  return Number.isNaN(mean) ? "" : mean.toFixed(decimals).replace(/^0\./, ".");
}
