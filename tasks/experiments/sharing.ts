import type { TrainOptions } from "../../src/options/train_options.ts";
import { PURPOSE_OPTIONS } from "../../src/options/purposes.ts";
import { probe } from "../../src/probing/probe.ts";
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
import { markdownTable, type Report } from "./report.ts";

/** Latents that probes get. */
const KS = [1, 5, 20] as const;

const SETTINGS: Readonly<Record<string, Partial<TrainOptions>>> = {
  "default": PURPOSE_OPTIONS.rebuild,
  "four nested groups": {},
  "`--for probing`": PURPOSE_OPTIONS.probing,
};

/** What a coding gave: nonzeros a row and their standard deviation, FVU, and accuracy by the best latents. */
type Figures = Record<"l0" | "std" | "fvu" | `top ${number}`, number>;

/**
 * Every row with k nonzeros, and rows that share k of them on average (`--max-sparsity`), coded by the same dictionary:
 * FVU of the test's rows, and sparse probing.
 *
 * @param seeds trainings of each dictionary
 * @param directory what make_data.ts wrote
 * @param names which data sets
 */
export async function sharing(
  seeds: number,
  directory: string,
  names: readonly string[],
): Promise<Report> {
  const rows: string[][] = [];
  for (const name of names) {
    const set = await labelledSet(name, directory);
    for (const setting of Object.keys(SETTINGS)) {
      const found = new Map<string, Figures[]>();
      for (let seed = 0; seed < seeds; seed++) {
        for (const [coding, figures] of await measured(set, setting, seed)) {
          found.set(coding, [...found.get(coding) ?? [], figures]);
        }
        console.error(`${name}, ${setting}, seed ${seed}`);
      }
      for (const [coding, figures] of found) {
        rows.push([`${name}, ${setting}`, coding, ...cellsOf(figures)]);
      }
    }
  }
  const table = markdownTable(
    [
      ...["rows, setting", "nonzeros", "L0", "FVU"],
      ...KS.map((k) => `top ${k}`),
    ],
    rows,
  );
  return {
    title: `Nonzeros shared among rows: ${names.join(", ")}`,
    body:
      `${table}\n\nMeans over ${seeds} seeds, of FVU with their range. The same dictionaries, coded with k nonzeros a row, and with a threshold (\`--max-sparsity\`) that was calibrated on a tenth of their training rows, held out; measured on the test's rows, by other texts where they are tokens. L0: mean nonzeros a row of the test, and their standard deviation over rows.`,
  };
}

async function measured(
  set: LabelledSet,
  setting: string,
  seed: number,
): Promise<[string, Figures][]> {
  const { atoms, sparsity, width, nested } = set;
  const { model } = await train(rowsFromArray(trainingRows(set), width), {
    ...{ atoms, sparsity, seed, maxSparsity: 2 * sparsity },
    ...(setting === "four nested groups" && { matryoshka: nested }),
    ...SETTINGS[setting],
  }, { device: "cpu" });
  const models: NamedModel[] = [
    { name: `${sparsity} a row`, model: withCoder(model, { threshold: 0 }) },
    { name: `${sparsity} on average, ${2 * sparsity} at most`, model },
  ];
  return await figuresOf(set, models, seed);
}

async function figuresOf(
  set: LabelledSet,
  models: readonly NamedModel[],
  seed: number,
): Promise<[string, Figures][]> {
  const source = sourceOf(set);
  const evaluated = await evaluateAll(models, source, {
    device: "cpu",
    rows: { only: set.test },
  });
  const probed = await probe(models, source, {
    ...{ device: "cpu", classColumns: Object.keys(set.classes), k: KS },
    ...{ test: set.test, seed, minRows: 80, baselines: [] },
  });
  return evaluated.map(({ metrics: { l0, l0_std = 0, fvu } }, i) => {
    const { accuracy } = probed.models[i];
    const tops = KS.map((k) => [`top ${k}`, accuracy[k]]);
    return [models[i].name, {
      l0,
      std: l0_std,
      fvu,
      ...Object.fromEntries(tops),
    }];
  });
}

function cellsOf(figures: readonly Figures[]): string[] {
  const of = (name: keyof Figures) => figures.map((one) => one[name]);
  const mean = (name: keyof Figures) =>
    of(name).reduce((sum, value) => sum + value, 0) / figures.length;
  const short = (value: number, digits: number) =>
    value.toFixed(digits).replace(/^0/, "");
  const fvu = of("fvu");
  return [
    `${mean("l0").toFixed(2)} ± ${mean("std").toFixed(1)}`,
    `${short(mean("fvu"), 4)} (${short(Math.min(...fvu), 4)}–${
      short(Math.max(...fvu), 4)
    })`,
    ...KS.map((k) => short(mean(`top ${k}`), 3)),
  ];
}
