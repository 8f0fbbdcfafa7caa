import { solo } from "../distributed/communicator.ts";
import type { Normalisation } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { randomStream } from "../random.ts";
import { pauseIfDue } from "../pause.ts";
import type { RowBatch, RowSet, RowSource } from "../rows/source.ts";
import {
  initialiseFromRows,
  initialiseGaussian,
  spareRows,
} from "./initialise.ts";
import type { LearnHooks } from "./hooks.ts";
import type { TrainOptions } from "../options/train_options.ts";
import { gatherShards, rowsOfShards } from "./shard_statistics.ts";
import { freshState, type LearnState } from "./state.ts";
import type { FarRows } from "./norms.ts";
import {
  gatherRows,
  gatherWithin,
  normalisationOf,
  type RowStatistics,
} from "./statistics.ts";

/** Rows whose median distance from the mean is taken, at least. */
const ROWS_FOR_MEDIAN = 1024;

/** Rows asked of the source at a time. */
const ROWS_AT_ONCE = 4096;

/** Rows beyond the norm cap are reported where they hold this share of the energy. */
const NOTABLE_SHARE = 0.05;

/**
 * The state before the first iteration: a pass over the training rows gives mean, scale, norm limit and first atoms.
 *
 * @param except rows that take no part
 * @throws {DbksvdError} `data` where there are no rows, or fewer than atoms
 */
export async function startOf(
  source: RowSource,
  options: TrainOptions,
  hooks: LearnHooks,
  except: RowSet | undefined,
): Promise<LearnState> {
  const fromRows = hooks.initial === undefined && options.init === "rows";
  const asked = {
    draw: Math.max(
      ROWS_FOR_MEDIAN,
      fromRows ? options.atoms + spareRows(options.atoms) : 0,
    ),
    most: Math.max(options.statsRows ?? Infinity, options.atoms),
  };
  const total = Math.min(
    asked.most,
    source.rowCount - (except?.size ?? 0),
  );
  let shardRows: Uint32Array | undefined;
  const { signal } = hooks;
  const { statistics, limit, far } = await gatherWithin(
    async (near) => {
      if (options.shards === undefined) {
        const random = randomStream(options.seed, "draw");
        const batches = (borrow: boolean) =>
          followed(
            source.batches(ROWS_AT_ONCE, { except, signal, borrow }),
            (done) => hooks.onActivity?.({ stage: "reading", done, total }),
          );
        return await gatherRows(
          batches,
          source.width,
          { ...asked, random },
          near,
        );
      }
      const found = await gatherShards({
        source,
        shards: options.shards,
        group: hooks.group ?? solo(),
        seed: options.seed,
        except,
        signal,
        ...asked,
      }, near);
      shardRows = found.shardRows;
      return found;
    },
    options.exact ? 0 : options.normCap,
    options,
  );
  if (statistics.rows === 0) {
    throw new DbksvdError("data", "There are no rows to train on", {
      mend: "check the inputs, --holdout and any filters",
    });
  }
  if (far !== undefined) tellFarRows(far, options, hooks);
  if ((options.center ? statistics.spread : statistics.energy) === 0) {
    hooks.onNotice?.(
      `The ${statistics.rows} training rows are ${
        options.center ? "all the same" : "zeros"
      }: there is nothing to learn`,
    );
  }
  const normalisation = normalisationOf(statistics, options);
  const dictionary = hooks.initial ??
    await firstAtoms(statistics, source.width, options, normalisation);
  const trainingRows = options.statsRows === undefined
    ? statistics.rows
    : source.rowCount - (except?.size ?? 0);
  if (shardRows !== undefined && options.statsRows !== undefined) {
    shardRows = rowsOfShards({ source, shards: options.shards!, except });
  }
  return freshState(
    dictionary.slice(),
    {
      normalisation,
      rowLength: normalisation.scale * Math.sqrt(
        options.center ? statistics.spread : statistics.energy,
      ),
      normLimit: isBeyondReach(limit, statistics, options) ? 0 : limit,
      farLimit: limit,
      trainingRows,
      shardRows,
    },
    options,
  );
}

// A few rows that hold much of what there is are most often attention sinks, or damage.
function tellFarRows(
  { rows, far, all }: FarRows,
  { normCap }: TrainOptions,
  { onNotice }: LearnHooks,
) {
  const share = far / all;
  if (!(share >= NOTABLE_SHARE)) return;
  const many = rows === 1 ? "1 row is" : `${rows} rows are`;
  onNotice?.(
    `${many} more than ${normCap} times as far from the others as these are (--norm-cap) and ` +
      `${rows === 1 ? "holds" : "hold"} ${
        (100 * share).toFixed(1)
      }% of the energy: pulled in to that distance for the mean and the scale, and to less for the atoms, which ` +
      `hardly tell of such rows then (with --norm-cap 0 they do). ` +
      `--max-norm-quantile 0.999 leaves such rows out`,
  );
}

// Batches as they come, with the rows so far reported before each.
async function* followed(
  batches: AsyncIterable<RowBatch>,
  tell: (rows: number) => void,
): AsyncGenerator<RowBatch> {
  let rows = 0;
  for await (const batch of batches) {
    rows += batch.rows;
    tell(rows);
    await pauseIfDue();
    yield batch;
  }
}

// True where every training row was seen to be nearer than the limit: none needs to be looked at again.
function isBeyondReach(
  limit: number,
  { reach }: RowStatistics,
  { center, statsRows }: TrainOptions,
): boolean {
  return center && statsRows === undefined && reach <= limit;
}

async function firstAtoms(
  statistics: RowStatistics,
  width: number,
  options: TrainOptions,
  normalisation: Normalisation,
): Promise<Float32Array> {
  const random = randomStream(options.seed, "init");
  return options.init === "gaussian"
    ? initialiseGaussian(options.atoms, width, random)
    : await initialiseFromRows(
      statistics.drawn,
      options.atoms,
      width,
      normalisation,
      random,
    );
}
