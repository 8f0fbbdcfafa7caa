import { DbksvdError } from "../errors.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../options/train_options.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import type { RowCoder, RunOptions } from "../coding/coder.ts";
import type { NamedModel } from "../use/evaluate.ts";
import { coderOf } from "../use/models.ts";
import { type ClassColumn, readClasses } from "./classes.ts";
import type { Contestant } from "./contestants.ts";
import { drawTasks, type LabelledUnits, type Task } from "./draw.ts";
import { DenseFeatures, LatentFeatures } from "./features.ts";
import { gather, type Gathered } from "./gather.ts";
import type { KeptUnits } from "./keep.ts";
import { type NormalisedRows, normalisedRows } from "./normalised.ts";
import { principalCoordinates } from "./principal.ts";
import { randomRowsModel } from "./random_rows.ts";
import { type Baseline, BASELINES, type ProbeResult } from "./result.ts";
import { probeDensely, probeSparsely } from "./sparse_probing.ts";
import {
  type AllScores,
  bestLatents,
  latentClasses,
  summaryOf,
} from "./summaries.ts";
import { readUnits, type RowUnits } from "./units.ts";

/** Bytes of raw rows that probes are fitted to and tested on, at most. */
const KEPT_BYTES = 2 ** 29;

/** What {@linkcode probe} is told beyond how to run. */
export interface ProbeOptions extends RunOptions {
  /** The columns whose values are classes. */
  classColumns: readonly string[];
  /** Numbers of latents that probes go by. 1, 2 and 5. */
  k?: readonly number[];
  /** Rows with the same value of this column stay on one side of the split. */
  byGroup?: string;
  /** Probe the mean of each group, as SAEBench does of a text's tokens. */
  pool?: boolean;
  /** Only these classes. */
  classes?: readonly string[];
  /** Fewest rows of a class for fitting. 100. */
  minRows?: number;
  /** Share of the rows in the test. 0.2. */
  testShare?: number;
  /** What stands beside the models; all of them. */
  baselines?: readonly Baseline[];
  /** Of the split and the draws. 0. */
  seed?: number;
  /** Which rows; all by default. */
  rows?: Pick<BatchOptions, "range" | "only" | "except">;
}

/**
 * What atoms know: probes for classes by a model's latents, on rows that it has not seen, beside what raw coordinates,
 * principal components, random atoms and a dense probe tell. Codes are split by sign, so that no latent is negative. Every
 * model is measured on the same rows: the classes' rows are drawn once.
 *
 * Definitions: sparse probing by SAEBench 0.6 (logistic regression, C = 1, on the k latents of the largest difference of
 * means; balanced accuracy), and by sae-probes (an L1 penalty of validated strength; area under the curve).
 *
 * @param models what to probe, with names
 * @param source the rows, with columns of classes
 * @param options the columns, how rows are drawn, the device, an `AbortSignal`
 * @throws {DbksvdError} `data` where a column holds no classes, or too few rows of any; `usage` for options that cannot be
 *
 * @example
 * ```ts
 * import { openRows, probe, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const source = await openRows(["samples/glove-10k.parquet"], { maxRows: 2000 });
 * const { model } = await train(source, { atoms: 32, sparsity: 4, passes: 1 }, { device: "cpu" });
 * const classed = {
 *   ...source,
 *   width: source.width,
 *   rowCount: source.rowCount,
 *   batches: source.batches.bind(source),
 *   readColumns: (_names: readonly string[], { start, end }: { start: number; end: number }) =>
 *     Promise.resolve([{
 *       name: "early",
 *       schema: [],
 *       values: Array.from({ length: end - start }, (_, i) => start + i < 1000),
 *     }]),
 * };
 * const { models } = await probe([{ name: "words", model }], classed, {
 *   classColumns: ["early"],
 *   device: "cpu",
 * });
 * assert(models[0].accuracy["5"] > 0.5);
 * await source.close();
 * ```
 */
export async function probe(
  models: readonly NamedModel[],
  source: RowSource,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const { k = [1, 2, 5], baselines = BASELINES, seed = 0, pool = false } =
    options;
  const columns = await readClasses(source, options.classColumns);
  const units = await readUnits(source, {
    seed,
    byGroup: options.byGroup,
    pool,
    testShare: options.testShare ?? 0.2,
    only: options.rows?.only,
  });
  const drawn = drawAll(columns, units, source.width, options);
  const plan = { units, columns, tasks: drawn, delivery: options.rows };
  const entrants = await entrantsOf(models, source, plan, options);
  const coders: RowCoder[] = [];
  let gathered: Gathered;
  try {
    for (const { model } of entrants) {
      coders.push(await coderOf(model, options));
    }
    gathered = await gather(source, coders, plan, options);
  } finally {
    for (const coder of coders) await coder.close();
  }
  const tasks = inSlots(drawn, gathered.kept);
  const rows = normalisedRows(gathered.kept, source.width, tasks);
  const contestants = [
    ...entrants.map((entrant, i): Contestant => ({
      ...entrant,
      coder: coders[i].description,
      features: new LatentFeatures(
        entrant.model.atoms,
        gathered.kept.latentsOf(i, scaleOf(entrant.model, rows)),
      ),
      firing: gathered.firing[i],
    })),
    ...coordinateContestants(rows, baselines),
  ];
  const scores: AllScores = new Map();
  for (const contestant of contestants) {
    scores.set(
      contestant,
      tasks.map((task) => probeSparsely(task, contestant, k)),
    );
  }
  if (baselines.includes("dense")) {
    const features = new DenseFeatures(rows.data, source.width);
    scores.set(
      { name: "dense", kind: "dense", coder: "all coordinates", features },
      tasks.map((task) => [probeDensely(task, features)]),
    );
  }
  const best = contestants.flatMap((one) => bestLatents(one, tasks));
  return {
    rows: gathered.rows,
    unlabelled: gathered.unlabelled,
    passedOver: columns.reduce((sum, { classes }) => sum + classes.length, 0) -
      tasks.length,
    units: pool ? "groups" : "rows",
    models: [...scores.keys()].map((one) =>
      summaryOf(one, scores, { tasks, best, seed })
    ),
    scores: [...scores.values()].flat(2).map(({ score }) => score),
    best,
    atoms: contestants.filter(({ kind }) => kind === "model")
      .flatMap((one) => latentClasses(one, tasks)),
  };
}

function drawAll(
  columns: readonly ClassColumn[],
  units: RowUnits,
  width: number,
  { seed = 0, minRows = 100, classes }: ProbeOptions,
): Task[] {
  const most = Math.floor(KEPT_BYTES / (4 * width) / columns.length);
  const tasks = columns.flatMap((column) =>
    drawTasks(units.classesOf(column), units, { seed, minRows, classes, most })
  );
  if (tasks.length > 0) return tasks;
  throw new DbksvdError("data", "No class has enough rows to probe for", {
    where: { column: columns[0]?.name },
    mend:
      `give more rows, or fewer than ${minRows} with --min-rows; the test needs 20 rows of two classes`,
  });
}

/** A model that is to be probed, or dictionaries of random rows beside it. */
interface Entrant extends NamedModel {
  kind: "model" | "random";
}

async function entrantsOf(
  models: readonly NamedModel[],
  source: RowSource,
  { units }: { units: RowUnits },
  { baselines = BASELINES, seed = 0 }: ProbeOptions,
): Promise<Entrant[]> {
  const entrants: Entrant[] = models.map((one) => ({ ...one, kind: "model" }));
  if (!baselines.includes("random")) return entrants;
  const sizes = new Map<string, DictionaryModel>();
  for (const { model } of models) {
    const like = dictionaryLike(model);
    sizes.set(`${like.atoms} random rows, k = ${like.coder.sparsity}`, like);
  }
  const apart = (row: number) => units.isTest(units.unitOf(row));
  for (const [name, like] of sizes) {
    const model = await randomRowsModel(like, source, apart, seed);
    entrants.push({ name, model, kind: "random" });
  }
  return entrants;
}

// A dictionary of a model's size: another tool's autoencoder has no nonzeros of its own where it is not a TopK.
function dictionaryLike(model: NamedModel["model"]): DictionaryModel {
  if (!("format" in model)) return model;
  const { width, atoms, mean, activation } = model;
  const wanted = activation.kind === "topk"
    ? activation.k
    : DEFAULT_TRAIN_OPTIONS.sparsity;
  return {
    width,
    atoms,
    mean,
    dictionary: model.dictionary,
    scale: 1,
    usage: new Uint32Array(atoms),
    groups: [atoms],
    coder: {
      method: "omp",
      sparsity: Math.min(wanted, atoms, width),
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    seed: 0,
    toolVersion: "",
  };
}

// Codes are in raw units; probes see them in normalised ones, in which rows have a mean square length of n.
function scaleOf(model: NamedModel["model"], rows: NormalisedRows): number {
  return "format" in model || model.scale === 1 ? rows.scale : model.scale;
}

function coordinateContestants(
  rows: NormalisedRows,
  baselines: readonly Baseline[],
): Contestant[] {
  const { data, width, fitted } = rows;
  const contestants: Contestant[] = [];
  if (baselines.includes("raw")) {
    contestants.push({
      name: "raw",
      kind: "raw",
      coder: "coordinates",
      features: new DenseFeatures(data, width),
    });
  }
  if (baselines.includes("pca")) {
    const components = principalCoordinates(data, width, fitted);
    contestants.push({
      name: "pca",
      kind: "pca",
      coder: "principal components",
      features: new DenseFeatures(components.data, components.count),
    });
  }
  return contestants;
}

// Tasks by the slots of units, without those that no row came of: filters drop some.
function inSlots(tasks: readonly Task[], kept: KeptUnits): Task[] {
  const side = ({ units, positive }: LabelledUnits): LabelledUnits => {
    const slots = units.map((unit) => kept.slotOf(unit));
    const there = [...slots.keys()].filter((i) => kept.counts[slots[i]] > 0);
    return {
      units: Uint32Array.from(there, (i) => slots[i]),
      positive: Uint8Array.from(there, (i) => positive[i]),
    };
  };
  return tasks.map((task) => ({
    ...task,
    train: side(task.train),
    test: side(task.test),
  }));
}
