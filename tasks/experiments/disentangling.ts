import type { AnyModel } from "../../src/use/models.ts";
import { decoderOf } from "./disentangling/recode.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import { PURPOSE_OPTIONS } from "../../src/options/purposes.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { probe } from "../../src/probing/probe.ts";
import type { ProbeSummary } from "../../src/metrics/probe_result.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { type CoderChanges, withCoder } from "../../src/use/coder_changes.ts";
import { evaluateAll } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";
import {
  type LabelledSet,
  labelledSet,
  sourceOf,
  trainingRows,
} from "./disentangling/data.ts";
import { trainSae } from "./disentangling/sae.ts";
import { markdownTable, type Report } from "./report.ts";

/** Latents that probes go by. */
const KS = [1, 5, 20];

/** A training, and the ways its dictionary codes rows. */
interface Way {
  name: string;
  options(set: LabelledSet): Partial<TrainOptions>;
  coders: Readonly<Record<string, CoderChanges>>;
}

const JOINT = { coding: "joint", candidates: "signed" } as const;

const WAYS: readonly Way[] = [
  {
    name: "default",
    options: () => PURPOSE_OPTIONS.rebuild,
    coders: {
      "": {},
      "λ .1": { selectionRidge: 0.1 },
      "λ .3": { selectionRidge: 0.3 },
      "λ .3, w 1.2": { selectionRidge: 0.3, groupWeight: 1.2 },
    },
  },
  {
    name: "non-negative",
    options: () => ({ nonnegative: true }),
    coders: { "": {} },
  },
  {
    name: "four nested groups",
    options: ({ nested }) => ({ matryoshka: nested }),
    coders: {
      "by groups": {},
      "joint": { coding: "joint" },
      "joint, λ .3": { coding: "joint", selectionRidge: 0.3 },
    },
  },
  {
    name: "32, rest, non-negative",
    options: () => ({ matryoshka: "probing", nonnegative: true }),
    coders: {
      "by groups": {},
      "joint, signed": JOINT,
      "joint, signed, w 1.2": { ...JOINT, groupWeight: 1.2 },
      "joint, signed, λ .3": { ...JOINT, selectionRidge: 0.3 },
      "joint, signed, λ .3, w 1.2: `--for probing`": {
        ...JOINT,
        ...{ selectionRidge: 0.3, groupWeight: 1.2 },
      },
      "joint, positive, w 1.2": {
        ...{ coding: "joint", candidates: "positive", groupWeight: 1.2 },
      },
      "joint, positive, λ .3, w 1.2": {
        ...{ coding: "joint", candidates: "positive" },
        ...{ selectionRidge: 0.3, groupWeight: 1.2 },
      },
    },
  },
  {
    name: "32, rest, signed",
    options: () => ({ matryoshka: "probing" }),
    coders: {
      "joint": { coding: "joint" },
      "joint, λ .3, w 1.2": {
        ...{ coding: "joint", selectionRidge: 0.3, groupWeight: 1.2 },
      },
    },
  },
];

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
  const parts: string[] = [];
  for (const name of names) {
    const set = await labelledSet(name, directory);
    const found = new Map<string, Row[]>();
    for (let seed = 0; seed < seeds; seed++) {
      for (const [model, row] of await measured(set, seed)) {
        found.set(model, [...found.get(model) ?? [], row]);
      }
      console.error(`${name}, seed ${seed}`);
    }
    parts.push(sectionOf(set, found));
  }
  return {
    title: "Reconstruction and disentangling",
    body: `${parts.join("\n\n")}\n\nMeans over ${seeds} seeds. ${LEGEND}`,
  };
}

async function measured(
  set: LabelledSet,
  seed: number,
): Promise<Map<string, Row>> {
  const models = await modelsOf(set, seed);
  const source = sourceOf(set);
  const evaluated = await evaluateAll(models, source, {
    device: "cpu",
    rows: { only: set.test },
  });
  const probed = await probe(models, source, {
    ...{ device: "cpu", classColumns: Object.keys(set.classes), k: KS },
    ...{ test: set.test, seed, minRows: 80, absorption: true },
  });
  const rows = new Map<string, Row>();
  for (const summary of probed.models) {
    const { model } = summary;
    const metrics = evaluated.find((one) => one.model === model)?.metrics;
    rows.set(model, { fvu: metrics?.fvu ?? NaN, summary });
  }
  return rows;
}

async function modelsOf(
  set: LabelledSet,
  seed: number,
): Promise<{ name: string; model: AnyModel }[]> {
  const { atoms, sparsity, width } = set;
  const rows = trainingRows(set);
  const models: { name: string; model: AnyModel }[] = [];
  for (const { name, options, coders } of WAYS) {
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
  const steps = set.saeSteps;
  if (steps === 0) return models;
  for (
    const [name, prefixes] of [
      ["TopK SAE", undefined],
      ["Matryoshka SAE", [32, 96, 224, atoms]],
    ] as const
  ) {
    const sae = trainSae(rows, width, {
      atoms,
      sparsity,
      steps,
      seed,
      prefixes,
    });
    models.push({ name: `${name}, its own encoder`, model: sae });
    models.push({
      name: `${name}, its decoder by joint OMP, λ .3`,
      model: decoderOf(sae, { selectionRidge: 0.3 }),
    });
  }
  return models;
}

function sectionOf(set: LabelledSet, found: Map<string, Row[]>): string {
  const rows = set.data.length / set.width;
  const mean = (values: number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const cell = (list: Row[], of: (row: Row) => number | undefined) => {
    const value = mean(list.map((row) => of(row) ?? NaN));
    return Number.isNaN(value) ? "" : value.toFixed(3).replace(/^0/, "");
  };
  const whole = (list: Row[], of: (row: Row) => number | undefined) => {
    const value = mean(list.map((row) => of(row) ?? NaN));
    return Number.isNaN(value) ? "" : value.toFixed(0);
  };
  const table = markdownTable(
    [
      ...["", "FVU", "top 1", "top 5", "top 20", "best F1", "densest"],
      ...["dense latents", "absorbed", "wholly", "main F1"],
    ],
    [...found].map(([name, list]) => [
      name,
      cell(list, ({ fvu }) => fvu),
      ...KS.map((k) =>
        cell(
          list,
          ({ summary }) => summary.accuracy[k] ?? summary.accuracy.dense,
        )
      ),
      cell(list, ({ summary }) => summary.bestF1),
      cell(list, ({ summary }) => summary.densest),
      whole(list, ({ summary }) => summary.denseLatents),
      cell(list, ({ summary }) => summary.absorption?.fraction),
      cell(list, ({ summary }) => summary.absorption?.full),
      cell(list, ({ summary }) => summary.absorption?.mainF1),
    ]),
  );
  return `**${set.name}** (${rows} rows × ${set.width}, m = ${set.atoms}, k = ${set.sparsity}${
    set.saeSteps > 0 ? `; autoencoders ${set.saeSteps} steps` : ""
  })\n\n${table}`;
}
