import type { DictionaryModel } from "../../src/model/model.ts";
import type { ProbeOptions } from "../../src/probing/options.ts";
import { probe } from "../../src/probing/probe.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { withCoder } from "../../src/use/coder_changes.ts";
import { evaluateAll, type NamedModel } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";
import {
  type LabelledSet,
  labelledSet,
  sourceOf,
  testRows,
  trainingRows,
} from "./disentangling/data.ts";
import { keptPart, type Part } from "./disentangling/parts.ts";
import { inTheLoop } from "./disentangling/rebuild.ts";
import { decoderOf } from "./disentangling/recode.ts";
import { LEAST_GAIN, MOST_STEPS, trainSae } from "./disentangling/sae.ts";
import { KS, type Row, sectionOf } from "./disentangling/table.ts";
import { dialFor, type Way, WAYS } from "./disentangling/ways.ts";
import type { Report } from "./report.ts";

const LEGEND = [
  "Balanced accuracy of probes by the best 1, 5 and 20 latents (`dbksvd probe`), fitted to the rows that dictionaries",
  "are trained on and tested on others; FVU on these. densest: the share of rows in which the most used latent fires;",
  "dense latents: those that fire in over a tenth. absorbed, wholly, main F1: the fraction and the share of rows that",
  "`--absorption` gives, and the F1 of the classes' own latents: under .3 of it the two say nothing. In the loop: the",
  "mean of 1 − cosine between the transformer's embedding of a text and the one that it ends with from rebuilt rows",
  "(texts of the test). Autoencoders: Adam from random rows, batches of 1024, until a fifth of the steps no longer",
  `lowers the FVU of the test by ${
    100 * LEAST_GAIN
  } % (which favours them), ${MOST_STEPS} steps at most.`,
].join(" ");

/** Which labelled data, and how often. */
export interface LabelledRun {
  /** Trainings of each dictionary. */
  seeds: number;
  /** What make_data.ts wrote. */
  directory: string;
  /** Which data sets. */
  names: readonly string[];
  /** Where what was measured of a set and seed is kept, and taken from; nowhere where left out. */
  parts?: string | undefined;
  /** Which settings; all where left out. */
  settings?: readonly string[] | undefined;
  /** Atoms, in place of the set's own. */
  atoms?: number | undefined;
  /** Whether absorption is measured too. */
  absorption?: boolean | undefined;
}

/**
 * Reconstruction and disentangling side by side: each setting's held-out FVU, sparse probing, density, absorption and,
 * of activations, what a transformer makes of them, on words, tokens and planted concepts, beside sparse autoencoders,
 * random rows, coordinates and principal components.
 */
export async function disentangling(run: LabelledRun): Promise<Report> {
  const tables = await tablesOf(run, {
    ...measuresOf(WAYS, run.absorption),
    ...Object.fromEntries(
      Object.entries(AUTOENCODERS).map(([name, prefixesOf]) => [
        name,
        async (set: LabelledSet, seed: number) =>
          await autoencoder(name, set, seed, {
            prefixes: prefixesOf(set.atoms),
            absorption: run.absorption,
          }),
      ]),
    ),
  });
  return {
    title: "Reconstruction and disentangling",
    body:
      `${tables}\n\nMeans over ${run.seeds} seeds, with their standard deviation. ${LEGEND}`,
  };
}

/**
 * The choice of `--for probing`: first groups, selection ridges and group weights, all of them coded jointly, by
 * held-out FVU and sparse probing.
 */
export async function dial(run: LabelledRun): Promise<Report> {
  const tables = await tablesOf(run, measuresOf(dialFor(run.atoms ?? 512)));
  return {
    title: "The dial of probing",
    body:
      `${tables}\n\nMeans over ${run.seeds} seeds, with their standard deviation; non-negative training in two groups with half of k each, coded jointly with signs. Columns as above.`,
  };
}

type Measures = Readonly<
  Record<string, (set: LabelledSet, seed: number) => Promise<Part>>
>;

function measuresOf(ways: readonly Way[], absorption = false): Measures {
  return Object.fromEntries(
    ways.map((way) => [
      way.name,
      async (set: LabelledSet, seed: number) =>
        await rowsOf(set, seed, await dictionaries(way, set, seed), {
          absorption,
          ...(!way.baselines && { baselines: [] }),
        }),
    ]),
  );
}

async function tablesOf(
  { seeds, directory, names, parts, settings, atoms, absorption }: LabelledRun,
  measures: Measures,
): Promise<string> {
  const tables: string[] = [];
  const missing = settings?.find((setting) => !(setting in measures));
  if (missing !== undefined) {
    throw new Error(
      `No setting "${missing}": there are ${Object.keys(measures).join("; ")}`,
    );
  }
  for (const name of names) {
    const own = await labelledSet(name, directory);
    const set = { ...own, atoms: atoms ?? own.atoms };
    const found = new Map<string, Row[]>();
    for (let seed = 0; seed < seeds; seed++) {
      for (const setting of settings ?? Object.keys(measures)) {
        const size = atoms === undefined ? "" : `, m ${atoms}`;
        const part = `${name}${size}, seed ${seed}, ${setting}${
          absorption ? ", absorption" : ""
        }`;
        const rows = await keptPart(
          parts,
          part,
          () => measures[setting](set, seed),
        );
        for (const [model, row] of rows) {
          found.set(model, [...found.get(model) ?? [], row]);
        }
        console.error(part);
      }
    }
    tables.push(sectionOf(set, found));
  }
  return tables.join("\n\n");
}

async function rowsOf(
  set: LabelledSet,
  seed: number,
  models: readonly NamedModel[],
  options: Pick<ProbeOptions, "absorption" | "baselines">,
): Promise<Part> {
  const source = sourceOf(set);
  const evaluated = await evaluateAll(models, source, {
    device: "cpu",
    rows: { only: set.test },
  });
  const probed = await probe(models, source, {
    ...{ device: "cpu", classColumns: Object.keys(set.classes), k: KS },
    ...{ test: set.test, seed, minRows: 80, ...options },
  });
  const loop = set.testTexts && await inTheLoop(models, set, set.testTexts);
  const rows = new Map<string, Row>();
  for (const summary of probed.models) {
    const at = models.findIndex(({ name }) => name === summary.model);
    const { accuracy, absorption } = summary;
    rows.set(summary.model, {
      FVU: evaluated[at]?.metrics.fvu,
      ...Object.fromEntries(
        KS.map((k) => [`top ${k}`, accuracy[k] ?? accuracy.dense]),
      ),
      "best F1": summary.bestF1,
      densest: summary.densest,
      "dense latents": summary.denseLatents,
      absorbed: absorption?.fraction,
      wholly: absorption?.full,
      "main F1": absorption?.mainF1,
      "in the loop": loop?.[at],
    });
  }
  return rows;
}

async function dictionaries(
  { name, options, coders }: Way,
  set: LabelledSet,
  seed: number,
): Promise<NamedModel[]> {
  const { atoms, sparsity, width } = set;
  const { model } = await train(rowsFromArray(trainingRows(set), width), {
    ...{ atoms, sparsity, seed, holdout: 0 },
    ...options(set),
  }, { device: "cpu" });
  return Object.entries(coders).map(([coder, changes]) => ({
    name: coder === "" ? name : `${name}: ${coder}`,
    model: withCoder<DictionaryModel>(model, changes),
  }));
}

/** The autoencoders that stand beside, with the prefixes that each rebuild the rows. */
const AUTOENCODERS: Readonly<
  Record<string, (atoms: number) => readonly number[]>
> = {
  "TopK SAE": (atoms) => [atoms],
  "Matryoshka SAE": (atoms) => [32, 96, 224, atoms],
};

async function autoencoder(
  name: string,
  set: LabelledSet,
  seed: number,
  { prefixes, absorption = false }: {
    prefixes: readonly number[];
    absorption: boolean | undefined;
  },
): Promise<Part> {
  const { atoms, sparsity, width } = set;
  const { sae, steps } = await trainSae(
    trainingRows(set),
    testRows(set),
    width,
    { atoms, sparsity, seed, prefixes },
  );
  const own = `${name}, its own encoder`;
  const rows = await rowsOf(set, seed, [{ name: own, model: sae }, {
    name: `${name}, its decoder by joint OMP, λ .3`,
    model: decoderOf(sae, { selectionRidge: 0.3 }),
  }], { absorption, baselines: [] });
  return new Map(
    [...rows].map(([of, row]) =>
      of === own ? [of, { ...row, steps }] : [of, row]
    ),
  );
}
