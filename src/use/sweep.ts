import type { EngineChoice } from "../coding/coder.ts";
import { DbksvdError } from "../errors.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../options/train_options.ts";
import { validateAgainstWidth, validateOptions } from "../options/validate.ts";
import { type Communicator, solo } from "../distributed/communicator.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import { rowsFromArray } from "../rows/memory.ts";
import type { RowSource } from "../rows/source.ts";
import { train, type TrainResult, type TrainRun } from "./train.ts";

/** Rows that are read to be kept take this much memory at most. */
const MOST_BYTES = 2 ** 33;

/** Rows asked of the source at a time. */
const ROWS_AT_ONCE = 8192;

/** What a sweep goes through: every number of atoms with every sparsity. */
export interface SweepOptions
  extends Partial<Omit<TrainOptions, "atoms" | "sparsity">> {
  /** Numbers of atoms (m). */
  atoms: readonly number[];
  /** Numbers of nonzeros a row (k). */
  sparsity: readonly number[];
}

/** How a sweep is run. */
export interface SweepRun
  extends
    EngineChoice,
    Pick<TrainRun, "onEngine" | "onProgress" | "onActivity"> {
  /** The processes that share the trainings out among themselves; by default this one does all. */
  group?: Communicator | undefined;
  /** Called after every training of this process. */
  onRun?: ((run: SweepEntry, done: number, total: number) => void) | undefined;
}

/** One training of a sweep. */
export interface SweepEntry {
  /** The column that its rows come from, where there are several. */
  column?: string | undefined;
  /** m. */
  atoms: number;
  /** k. */
  sparsity: number;
  /** Held-out FVU. */
  fvu: number;
  /** FVU on as many training rows. */
  trainingFvu: number;
  /** Mean nonzeros of a held-out row. */
  l0: number;
  /** Atoms that no held-out row used. */
  deadAtoms: number;
  /** How long the training and its measuring took. */
  seconds: number;
}

/** What {@linkcode sweep} gives. */
export interface SweepResult {
  /** Rows read, held-out ones among them. */
  rows: number;
  /** A line for every combination: columns as given, atoms ascending, then sparsity. */
  runs: SweepEntry[];
  /** What did the work. */
  device: TrainResult["config"]["device"];
  /** How long all of it took. */
  seconds: number;
}

/**
 * Trains once for every combination of atoms and nonzeros, from one read of the rows: the same held-out rows and the
 * same seed each time.
 *
 * @param source where the rows come from
 * @param options the combinations, and what all trainings have in common
 * @param run the device, an `AbortSignal`, a callback
 * @throws {DbksvdError} `usage` for combinations that cannot work, before anything is read, or for more rows than
 * memory takes; what `train` throws
 *
 * @example
 * ```ts
 * import { plantRows, rowsFromArray, sweep } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const { data } = plantRows({ rows: 300, width: 8, atoms: 16, sparsity: 2 });
 * const { runs } = await sweep(rowsFromArray(data, 8), {
 *   atoms: [8, 16],
 *   sparsity: [1, 2],
 *   passes: 2,
 * }, { device: "cpu" });
 * assert.equal(runs.length, 4);
 * ```
 */
export async function sweep(
  source: RowSource,
  options: SweepOptions,
  run: SweepRun = {},
): Promise<SweepResult> {
  const sources = [{ open: () => Promise.resolve(source) }];
  combinationsOf(options, source.width);
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
  { group = solo(), onRun, ...training }: SweepRun,
): Promise<SweepResult> {
  const started = performance.now();
  const combinations = combinationsOf(options, Infinity);
  const total = sources.length * combinations.length;
  const own = ownPlaces(total, group);
  const share: SweepShare = { rows: 0, runs: [] };
  for (const [s, { column, open, close }] of sources.entries()) {
    const first = s * combinations.length;
    const places = own.filter((place) =>
      place >= first && place < first + combinations.length
    );
    if (places.length === 0) continue;
    const source = await open();
    try {
      const kept = await readAll(source, training.signal);
      share.rows = Math.max(share.rows, kept.rowCount);
      for (const place of places) {
        const combination = combinations[place - first];
        const result = await train(kept, combination, training);
        share.device = result.config.device;
        const entry = { column, ...entryOf(combination, result) };
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
    runs: shares.flatMap(({ runs }) => runs)
      .sort((a, b) => a.place - b.place).map(({ entry }) => entry),
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

function combinationsOf(options: SweepOptions, width: number): TrainOptions[] {
  const ascending = (values: readonly number[]) =>
    [...new Set(values)].sort((a, b) => a - b);
  const { atoms, sparsity, ...common } = options;
  const all = ascending(atoms).flatMap((m) =>
    ascending(sparsity).map((k): TrainOptions => ({
      ...DEFAULT_TRAIN_OPTIONS,
      ...common,
      atoms: m,
      sparsity: k,
    }))
  );
  if (all.length === 0) {
    throw new DbksvdError("usage", "There is nothing to sweep", {
      mend: "give at least one --atoms and one --sparsity",
    });
  }
  for (const one of all) {
    validateOptions(one);
    validateAgainstWidth(one, width);
    if (one.holdout > 0) continue;
    throw new DbksvdError(
      "usage",
      "A sweep needs held-out rows to compare by",
      {
        mend: "leave --holdout at a share above 0",
      },
    );
  }
  return all;
}

async function readAll(
  source: RowSource,
  signal?: AbortSignal,
): Promise<RowSource> {
  const { width, rowCount } = source;
  if (rowCount * width * 4 > MOST_BYTES) {
    throw new DbksvdError(
      "usage",
      `${rowCount} rows of ${width} do not fit in memory to be swept over`,
      { mend: `take ${Math.floor(MOST_BYTES / width / 4)} with --max-rows` },
    );
  }
  const data = new Float32Array(rowCount * width);
  let rows = 0;
  for await (const batch of source.batches(ROWS_AT_ONCE, { signal })) {
    data.set(batch.data.subarray(0, batch.rows * width), rows * width);
    rows += batch.rows;
  }
  return rowsFromArray(data.subarray(0, rows * width), width);
}

function entryOf(
  { atoms, sparsity }: TrainOptions,
  { heldOut, training, seconds }: TrainResult,
): SweepEntry {
  return {
    atoms,
    sparsity,
    fvu: heldOut!.fvu,
    trainingFvu: training!.fvu,
    l0: heldOut!.l0,
    deadAtoms: heldOut!.dead_atoms,
    seconds,
  };
}
