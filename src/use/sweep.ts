import { join } from "node:path";
import { ENGINE_OPTIONS, type EngineChoice } from "../coding/coder.ts";
import { requireAlike } from "../distributed/alike.ts";
import { type Communicator, solo } from "../distributed/communicator.ts";
import { holdOut } from "../learn/held_out_groups.ts";
import {
  type SweepEntry,
  type SweepResult,
  withFront,
} from "../metrics/sweep_result.ts";
import type { DictionaryModel, ModelConfig } from "../model/model.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import type { TrainOptions } from "../options/train_options.ts";
import { keepRows } from "../rows/kept.ts";
import { rowsInBrief } from "../rows/in_brief.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import {
  combinationsOf,
  modelNames,
  type SweepCombination,
  type SweepOptions,
} from "./sweep_combinations.ts";
import {
  requireSweepPlace,
  type SweepOutput,
  trainInto,
} from "./sweep_output.ts";
import { train, type TrainRun } from "./train.ts";
import { requireKnownOptions } from "../unknown_options.ts";

export type { SweepEntry, SweepResult } from "../metrics/sweep_result.ts";
export type { SweepOptions, SweptOptions } from "./sweep_combinations.ts";
export type { SweepOutput } from "./sweep_output.ts";

/** An atom that more than this share of the rows uses is dense. */
const DENSE = 0.1;

/**
 * Measures what a sweep's models tell of classes: given the rows of a column, and which of them are held out, makes
 * what gives a model's accuracies, by the number of latents.
 */
export type SweepScorer = (
  source: RowSource,
  heldOut: RowSet,
) => Promise<(model: DictionaryModel) => Promise<Record<string, number>>>;

/** How a sweep is run. */
export interface SweepRun extends
  EngineChoice,
  Pick<
    TrainRun,
    "checkEngine" | "onEngine" | "onProgress" | "onActivity" | "onSaved"
  > {
  /** The processes that share the trainings out among themselves; by default this one does all. */
  group?: Communicator | undefined;
  /**
   * Where models are kept, each in a directory of its own: a sweep that was stopped goes on with them. They are
   * forgotten where there is none.
   */
  output?: SweepOutput | undefined;
  /** Measures more of each model, on held-out rows. */
  scorer?: SweepScorer | undefined;
  /** Called after every training of this process. */
  onRun?: ((run: SweepEntry, done: number, total: number) => void) | undefined;
}

/** The names of {@linkcode SweepRun}: all of them, as the type says. */
const SWEEP_RUN = Object.keys(
  {
    ...ENGINE_OPTIONS,
    checkEngine: true,
    onEngine: true,
    onProgress: true,
    onActivity: true,
    onSaved: true,
    group: true,
    output: true,
    scorer: true,
    onRun: true,
  } satisfies Record<keyof SweepRun, true>,
);

/**
 * Trains once for every combination of atoms, nonzeros and whatever else is to vary, from one read of the rows: with
 * the same held-out rows and the same seed each time, unless these vary.
 *
 * @param source where the rows come from
 * @param options the combinations, and what all trainings have in common
 * @param run the device, where models are kept, an `AbortSignal`, a callback
 * @throws {DbksvdError} `usage` for combinations that cannot work, before anything is read, or for more rows than
 * memory takes; what `train` throws, and `trainToDirectory` where models are kept
 *
 * @example
 * ```ts
 * import { plantRows, rowsFromArray, sweep } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const { data } = plantRows({ rows: 300, width: 8, atoms: 16, sparsity: 2 });
 * const { runs } = await sweep(rowsFromArray(data, 8), {
 *   atoms: [8, 16],
 *   sparsity: [1, 2],
 *   vary: { ridge: [0, 1] },
 *   passes: 2,
 * }, { device: "cpu", output: { out: await Deno.makeTempDir() } });
 * assert.equal(runs.length, 8);
 * assert.match(runs[0].model!, /m8-k1-ridge-0$/);
 * ```
 */
export async function sweep(
  source: RowSource,
  options: SweepOptions,
  run: SweepRun = {},
): Promise<SweepResult> {
  requireKnownOptions(run, SWEEP_RUN, "sweep()");
  const sources = [{ open: () => Promise.resolve(source) }];
  combinationsOf(options, source.width);
  await requireAlike(run.group, await rowsInBrief(source));
  return await sweepOver(sources, options, run);
}

/**
 * As {@linkcode sweep}, over several columns, or layers: each is read by the processes that train on it.
 *
 * @param columns opens the rows of each column
 * @param options the combinations, for every column
 * @param run the device, the group, an `AbortSignal`, a callback
 * @throws {DbksvdError} as `sweep`
 */
export async function sweepColumns(
  columns: ReadonlyMap<string, () => Promise<RowSource>>,
  options: SweepOptions,
  run: SweepRun = {},
): Promise<SweepResult> {
  requireKnownOptions(run, SWEEP_RUN, "sweepColumns()");
  const sources = [...columns].map(([column, open]) => ({
    column,
    async open() {
      const source = await open();
      combinationsOf(options, source.width);
      return source;
    },
    close: (source: RowSource) => source.close(),
  }));
  return await sweepOver(sources, options, run);
}

/** Where some of a sweep's rows come from. */
interface SweepSource {
  column?: string;
  open(): Promise<RowSource>;
  close?(source: RowSource): Promise<void>;
}

/** What one process makes of its share. */
interface SweepShare {
  rows: number;
  device?: SweepResult["device"];
  runs: { place: number; entry: SweepEntry }[];
}

async function sweepOver(
  sources: readonly SweepSource[],
  options: SweepOptions,
  run: SweepRun,
): Promise<SweepResult> {
  const { group = solo(), onRun } = run;
  const started = performance.now();
  const combinations = combinationsOf(options, Infinity);
  const names = modelNames(combinations, sources.map(({ column }) => column));
  if (run.output !== undefined) await requireSweepPlace(run.output);
  const own = ownPlaces(names.length, group);
  const share: SweepShare = { rows: 0, runs: [] };
  for (const [s, { column, open, close }] of sources.entries()) {
    const first = s * combinations.length;
    const places = own.filter((place) =>
      place >= first && place < first + combinations.length
    );
    if (places.length === 0) continue;
    const source = await open();
    try {
      const kept = await keepRows(source, run.signal);
      share.rows = Math.max(share.rows, kept.rows);
      const trainOne = await trainerOn(
        { source: kept.source, column },
        places.map((place) => combinations[place - first]),
        run,
      );
      for (const place of places) {
        const { device, entry } = await trainOne(
          combinations[place - first],
          names[place],
        );
        share.device = device;
        share.runs.push({ place, entry });
        onRun?.(entry, share.runs.length, own.length);
      }
    } finally {
      await close?.(source);
    }
  }
  const shares = await Promise.all(
    (await group.gather(toBytes(share))).map(fromBytes),
  ) as SweepShare[];
  return {
    rows: Math.max(...shares.map(({ rows }) => rows)),
    runs: withFront(
      shares.flatMap(({ runs }) => runs).sort((a, b) => a.place - b.place)
        .map(({ entry }) => entry),
    ),
    device: shares.find(({ device }) => device !== undefined)!.device!,
    seconds: (performance.now() - started) / 1000,
  };
}

// Trainings are dealt out from the last, which is the largest: no process has more of those than another by more than
// one.
function ownPlaces(
  total: number,
  { rank, size }: Pick<Communicator, "rank" | "size">,
): number[] {
  return Array.from({ length: total }, (_, place) => place)
    .filter((place) => (total - 1 - place) % size === rank);
}

// Makes and measures the models of one column; what cannot be measured is found before anything is trained.
async function trainerOn(
  rows: { source: RowSource; column: string | undefined },
  combinations: readonly SweepCombination[],
  { group: _, onRun: __, output, scorer, ...run }: SweepRun,
) {
  const { source, column } = rows;
  const scorers = new Map<string, Awaited<ReturnType<SweepScorer>>>();
  for (const { parameters } of scorer === undefined ? [] : combinations) {
    const key = splitOf(parameters);
    if (scorers.has(key)) continue;
    const heldOut = (await holdOut(source, parameters)).rows!;
    scorers.set(key, await scorer!(source, heldOut));
  }
  return async (combination: SweepCombination, name: string) => {
    const { parameters } = combination;
    const trained = output === undefined
      ? await train(source, parameters, run)
      : await trainInto(name, rows, parameters, output, run);
    const entry: SweepEntry = {
      column,
      ...entryOf(combination, trained),
      accuracy: await scorers.get(splitOf(parameters))?.(trained.model),
      model: output && join(output.out, name),
    };
    return { device: trained.config.device, entry };
  };
}

// Trainings that hold the same rows out.
function splitOf({ holdout, holdoutBy, seed }: TrainOptions): string {
  return JSON.stringify([holdout, holdoutBy, seed]);
}

function entryOf(
  { parameters, varied, variant }: SweepCombination,
  { model, config }: { model: DictionaryModel; config: ModelConfig },
): SweepEntry {
  const { atoms, sparsity } = parameters;
  const { heldOut, training, rows, seconds } = config;
  const options = [
    ...variant === undefined ? [] : [["for", variant]],
    ...Object.entries(varied).map(([name, value]) => [name, value ?? null]),
  ];
  return {
    atoms,
    sparsity,
    ...options.length > 0 && { options: Object.fromEntries(options) },
    fvu: heldOut!.fvu,
    trainingFvu: training!.fvu,
    l0: heldOut!.l0,
    deadAtoms: heldOut!.dead_atoms,
    denseAtoms: model.usage.reduce(
      (count, uses) => count + (uses > DENSE * rows.training ? 1 : 0),
      0,
    ),
    front: false,
    seconds: seconds ?? 0,
  };
}
