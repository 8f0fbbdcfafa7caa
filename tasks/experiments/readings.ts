import { inspect } from "../../src/inspection/inspect.ts";
import type { AtomReading } from "../../src/model/atom_reading.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import { PURPOSE_OPTIONS } from "../../src/options/purposes.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { train } from "../../src/use/train.ts";
import {
  type LabelledSet,
  labelledSet,
  sourceOf,
  trainingRows,
} from "./disentangling/data.ts";
import { markdownTable, type Report } from "./report.ts";

/** Rows of a latent that are compared: its strongest ones of different words whose class is known. */
const ROWS = 10;

/** Rows kept of each latent, out of which these are taken. */
const KEPT = 60;

/** So many of its rows of one class make a latent read as one theme. */
const THEME = 8;

const READINGS: readonly AtomReading[] = ["code", "activation"];

const SETTINGS: Readonly<Record<string, Partial<TrainOptions>>> = {
  "default": PURPOSE_OPTIONS.rebuild,
  "`--for probing`": PURPOSE_OPTIONS.probing,
};

/** Of the latents with enough rows by both readings: how alike the classes of their rows are. */
interface Likeness {
  latents: number;
  /** Mean share of a latent's rows that are of its commonest class. */
  share: number;
  /** Share of the latents of which `THEME` rows or more are. */
  themes: number;
}

/**
 * Which reading's top rows read as one theme more often: of every latent's ten strongest rows, how many share a class,
 * by code and by activation, on the same latents.
 *
 * @param seeds trainings of each dictionary
 * @param directory what make_data.ts wrote
 * @param names which data sets
 */
export async function readings(
  seeds: number,
  directory: string,
  names: readonly string[],
): Promise<Report> {
  const rows: string[][] = [];
  for (const name of names) {
    const set = await labelledSet(name, directory);
    for (const [setting, options] of Object.entries(SETTINGS)) {
      const runs: Map<string, Record<AtomReading, Likeness>>[] = [];
      for (let seed = 0; seed < seeds; seed++) {
        runs.push(await compared(set, options, seed));
        console.error(`${name}, ${setting}, seed ${seed}`);
      }
      for (const column of Object.keys(set.classes)) {
        rows.push(
          rowOf(`${name}, ${setting}`, column, runs.map((r) => r.get(column)!)),
        );
      }
    }
  }
  const table = markdownTable(
    [
      ...["rows, setting", "class", "latents", "share by code"],
      ...["by activation", "themes by code", "by activation"],
    ],
    rows,
  );
  return {
    title: "Two readings of an atom",
    body:
      `${table}\n\nMeans over ${seeds} seeds, their range in brackets. Of each latent's ${ROWS} strongest rows of different words with a known class, by code and by activation (as many a row as codes have nonzeros): the share that is of its commonest class, and the share of latents with ${THEME} or more of one. Latents that have ${ROWS} such rows by both readings.`,
  };
}

function rowOf(
  name: string,
  column: string,
  runs: readonly Record<AtomReading, Likeness>[],
): string[] {
  const cell = (by: AtomReading, what: "share" | "themes") => {
    const found = runs.map((run) => run[by][what]);
    const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
    return `${short(mean)} (${short(Math.min(...found))}–${
      short(Math.max(...found))
    })`;
  };
  const latents = runs.reduce((sum, run) => sum + run.code.latents, 0);
  return [
    ...[name, column, String(Math.round(latents / runs.length))],
    ...[cell("code", "share"), cell("activation", "share")],
    ...[cell("code", "themes"), cell("activation", "themes")],
  ];
}

function short(value: number): string {
  return value.toFixed(3).replace(/^0/, "");
}

async function compared(
  set: LabelledSet,
  options: Partial<TrainOptions>,
  seed: number,
): Promise<Map<string, Record<AtomReading, Likeness>>> {
  const { atoms, sparsity, width } = set;
  const { model } = await train(rowsFromArray(trainingRows(set), width), {
    ...{ atoms, sparsity, seed, holdout: 0 },
    ...options,
  }, { device: "cpu" });
  const tops = new Map<AtomReading, number[][]>();
  for (const by of READINGS) tops.set(by, await topRows(set, model, by));
  return new Map(
    Object.keys(set.classes).map((column) => [
      column,
      likenessOf(set, column, tops),
    ]),
  );
}

// Rows of every latent, the strongest first.
async function topRows(
  set: LabelledSet,
  model: DictionaryModel,
  by: AtomReading,
): Promise<number[][]> {
  const { sides, top, samples } = await inspect(model, sourceOf(set), {
    ...{ device: "cpu", by, topRows: KEPT, spreadRows: 0, nearest: 0 },
  });
  return Array.from({ length: model.atoms * sides }, (_, latent) => {
    const first = latent * top.perLatent;
    return [...top.samples.subarray(first, first + top.perLatent)]
      .filter((place) => place !== EMPTY_SLOT)
      .map((place) => samples.rows[place]);
  });
}

function likenessOf(
  set: LabelledSet,
  column: string,
  tops: ReadonlyMap<AtomReading, number[][]>,
): Record<AtomReading, Likeness> {
  const counted = READINGS.map((by) =>
    tops.get(by)!.map((rows) => mostOfOneClass(set, column, rows))
  );
  const both = counted[0].keys()
    .filter((latent) => counted.every((of) => of[latent] !== undefined))
    .toArray();
  const likeness = (of: readonly (number | undefined)[]): Likeness => {
    const most = both.map((latent) => of[latent]!);
    const mean = (values: number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      latents: both.length,
      share: mean(most) / ROWS,
      themes: mean(most.map((count) => count >= THEME ? 1 : 0)),
    };
  };
  return { code: likeness(counted[0]), activation: likeness(counted[1]) };
}

// How many of the first rows with a known class are of the commonest; undefined where there are too few.
function mostOfOneClass(
  { classes, texts }: LabelledSet,
  column: string,
  rows: readonly number[],
): number | undefined {
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  for (const row of rows) {
    const found = classes[column][row];
    const text = texts?.[row].toLowerCase() ?? String(row);
    if (found === null || seen.has(text)) continue;
    seen.add(text);
    for (const one of [found].flat()) {
      counts.set(one, (counts.get(one) ?? 0) + 1);
    }
    if (seen.size === ROWS) return Math.max(0, ...counts.values());
  }
  return undefined;
}
