import { defaultRate, trainAutoencoder } from "../../src/autoencoder/train.ts";
import type { SparseAutoencoder } from "../../src/model/autoencoder.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import { PURPOSE_OPTIONS } from "../../src/options/purposes.ts";
import { probe } from "../../src/probing/probe.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { evaluateAll } from "../../src/use/evaluate.ts";
import {
  fittedAutoencoder,
  thresholdEach,
} from "../../src/use/export_autoencoder.ts";
import type { ExportFormat } from "../../src/use/export_formats.ts";
import {
  DEFAULT_STEPS,
  fitAutoencoder,
  type FitOptions,
  levelsOf,
} from "../../src/use/fit_autoencoder.ts";
import type { AnyModel } from "../../src/use/models.ts";
import { recode } from "../../src/use/recode.ts";
import { train } from "../../src/use/train.ts";
import {
  type LabelledSet,
  labelledSet,
  sourceOf,
  trainingRows,
} from "./disentangling/data.ts";
import { randomRows } from "./disentangling/sae.ts";
import { markdownTable, type Report } from "./report.ts";

/** Latents that probes go by. */
const KS = [1, 5, 20];

/** How long autoencoders from random rows are trained, beside exports, and by which rate, beside theirs. */
const LENGTHS = [
  { times: "as long", longer: 1, faster: 1 },
  { times: "as long, four times the rate", longer: 1, faster: 4 },
  { times: "five times as long", longer: 5, faster: 1 },
] as const;

/** A kind of autoencoder, and the dictionary that it is made of. */
interface Kind {
  name: string;
  format: ExportFormat;
  options: Partial<TrainOptions>;
}

const KINDS: readonly Kind[] = [
  { name: "TopK", format: "saelens-topk", options: {} },
  {
    name: "BatchTopK",
    format: "dictionary-learning-batchtopk",
    options: {},
  },
  { name: "JumpReLU", format: "saelens-jumprelu", options: {} },
  {
    name: "Matryoshka (32, rest; BatchTopK)",
    format: "dictionary-learning-matryoshka",
    options: PURPOSE_OPTIONS.probing,
  },
];

interface Entry {
  name: string;
  model: AnyModel;
  /** Latents that no row of the training made active; undefined for dictionaries. */
  dead?: number;
}

/**
 * Exports with an encoder: the error, the probing and the dead latents of autoencoders that begin as a dictionary,
 * beside the same autoencoders from random rows, after as many steps and after five times as many.
 *
 * @param seeds trainings of each dictionary and autoencoder
 * @param directory what make_data.ts wrote
 * @param names which data sets
 */
export async function exported(
  seeds: number,
  directory: string,
  names: readonly string[],
  { atoms, kinds = KINDS.map(({ name }) => name) }: {
    /** Latents, in place of the set's own. */
    atoms?: number | undefined;
    /** Kinds of autoencoders. */
    kinds?: readonly string[] | undefined;
  } = {},
): Promise<Report> {
  const parts: string[] = [];
  for (const name of names) {
    const own = await labelledSet(name, directory);
    const set = { ...own, atoms: atoms ?? own.atoms };
    const found = new Map<string, number[][]>();
    for (let seed = 0; seed < seeds; seed++) {
      for await (const entry of entriesOf(set, seed, kinds)) {
        const row = await measured(set, entry, seed);
        found.set(entry.name, [...found.get(entry.name) ?? [], row]);
        console.error(`${name}, seed ${seed}, ${entry.name}: ${row}`);
      }
    }
    parts.push(sectionOf(set, found));
  }
  const body = `${parts.join("\n\n")}\n\n${
    seeds === 1 ? "One seed" : `Means over ${seeds} seeds`
  }. FVU and L0 on rows that nothing was trained on; balanced accuracy of probes by the best 1, 5 and 20 latents; dead: latents active in none of the training's rows. Exports are what ${"`dbksvd export`"} trains (${DEFAULT_STEPS} steps of 1024 rows); from random rows: the same training, its decoder and encoder begun as rows, for as long or longer. Re-coded: the decoder as a dictionary, by ${"`--recode`"}.`;
  return {
    title: `Exports beside autoencoders from random rows: ${names.join(", ")}`,
    body,
  };
}

async function* entriesOf(
  set: LabelledSet,
  seed: number,
  kinds: readonly string[],
): AsyncGenerator<Entry> {
  const { atoms, sparsity, width } = set;
  const source = rowsFromArray(trainingRows(set), width);
  const models = new Map<Kind["options"], DictionaryModel>();
  for (const { name, format, options } of KINDS) {
    if (!kinds.some((kind) => name.startsWith(kind))) continue;
    const known = models.get(options) ?? (await train(source, {
      ...{ atoms, sparsity, seed, holdout: 0 },
      ...options,
    }, { device: "cpu" })).model;
    if (!models.has(options)) {
      models.set(options, known);
      const which = options === PURPOSE_OPTIONS.probing
        ? "`--for probing`"
        : "default";
      yield { name: `dictionary, ${which}`, model: known };
    }
    const selection = format === "saelens-topk" ? "row" : "batch";
    const options_: FitOptions = {
      device: "cpu",
      selection,
      thresholdEach: thresholdEach(format),
    };
    const { fit, ...ours } = await fitAutoencoder(known, source, options_);
    const sae = fittedAutoencoder(known, ours, format);
    yield { name: `${name}, export`, model: sae, dead: fit.deadLatents };
    if (format === "saelens-topk") {
      const fixed = await fitAutoencoder(known, source, {
        ...{ ...options_, fixedAtoms: true },
      });
      yield {
        name: `${name}, export --fixed-atoms`,
        model: fittedAutoencoder(known, fixed, format),
        dead: fixed.fit.deadLatents,
      };
    }
    yield { name: `${name}, export, re-coded`, model: recode(sae, sparsity) };
    yield* fromRandomRows(known, set, { name, format }, seed);
  }
}

async function* fromRandomRows(
  model: DictionaryModel,
  set: LabelledSet,
  { name, format }: Pick<Kind, "name" | "format">,
  seed: number,
): AsyncGenerator<Entry> {
  const { width, mean, scale } = model;
  const all = trainingRows(set).map((value, i) =>
    (value - mean[i % width]) * scale
  );
  const selection = format === "saelens-topk" ? "row" : "batch";
  const kept = selection === "row"
    ? 0
    : Math.min(1024, Math.floor(all.length / width / 10));
  const rows = all.subarray(0, all.length - kept * width);
  const ways = selection === "row" ? LENGTHS : LENGTHS.slice(0, 1);
  for (const { times, longer, faster } of ways) {
    const trained = await trainAutoencoder(
      rows,
      randomRows(rows, width, model.atoms, seed),
      {
        ...{ width, sparsity: set.sparsity, selection, seed },
        steps: longer * DEFAULT_STEPS,
        rate: faster * defaultRate(model.atoms),
        levels: levelsOf(model, model.atoms),
        thresholdEach: thresholdEach(format),
        ...(kept > 0 && { thresholdRows: all.subarray(rows.length) }),
      },
    );
    const sae: SparseAutoencoder = fittedAutoencoder(model, {
      ...trained,
      bias: trained.bias.map((value) => value / scale),
      thresholds: trained.thresholds.map((value) => value / scale),
    }, format);
    const from = `${name}, from random rows, ${times}`;
    yield { name: from, model: sae, dead: trained.dead };
    if (longer > 1) {
      yield { name: `${from}, re-coded`, model: recode(sae, set.sparsity) };
    }
  }
}

async function measured(
  set: LabelledSet,
  entry: Entry,
  seed: number,
): Promise<number[]> {
  const source = sourceOf(set);
  const [evaluated] = await evaluateAll([entry], source, {
    device: "cpu",
    rows: { only: set.test },
  });
  const probed = await probe([entry], source, {
    ...{ device: "cpu", classColumns: Object.keys(set.classes), k: KS },
    ...{ test: set.test, seed, minRows: 80, baselines: [] },
  });
  const { fvu, l0 } = evaluated.metrics;
  const { accuracy } = probed.models.find(({ model }) => model === entry.name)!;
  return [fvu, l0, ...KS.map((k) => accuracy[k]), entry.dead ?? NaN];
}

function sectionOf(set: LabelledSet, found: Map<string, number[][]>): string {
  const mean = (lists: number[][], column: number) =>
    lists.reduce((sum, list) => sum + list[column], 0) / lists.length;
  const share = (value: number) => value.toFixed(3).replace(/^0/, "");
  const table = markdownTable(
    ["", "FVU", "L0", "top 1", "top 5", "top 20", "dead"],
    [...found].map(([name, lists]) => [
      name,
      share(mean(lists, 0)),
      mean(lists, 1).toFixed(1),
      ...[2, 3, 4].map((column) => share(mean(lists, column))),
      Number.isNaN(lists[0][5]) ? "" : mean(lists, 5).toFixed(1),
    ]),
  );
  const rows = set.data.length / set.width;
  return `**${set.name}** (${rows} rows × ${set.width}, m = ${set.atoms}, k = ${set.sparsity})\n\n${table}`;
}
