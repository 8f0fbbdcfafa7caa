import { coderOn } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import { createMetrics } from "../metrics/accumulator.ts";
import { solo } from "../distributed/communicator.ts";
import type { Engine } from "../engine/engine.ts";
import { rowsFromArray } from "../rows/memory.ts";
import { RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { MetricsLine } from "../model/model.ts";
import { randomStream } from "../random.ts";
import type { TrainOptions } from "../options/train_options.ts";
import { finiteDictionary } from "./passes.ts";
import type { LearnHooks } from "./hooks.ts";
import { ownRows } from "./own_rows.ts";
import { codesOfRow, ShardSums } from "./shard_sums.ts";
import { chooseAmong } from "./split.ts";
import type { Training } from "./training.ts";

/** Share of the training rows that early stopping looks at instead of training on them, at most so many. */
const SHARE = 0.1;
const MOST_ROWS = 16384;

/**
 * Chooses the rows that early stopping looks at, among those not held out.
 *
 * @returns the set; empty without early stopping
 */
export function validationRows(
  source: RowSource,
  options: TrainOptions,
  heldOut: RowSet | undefined,
): RowSet {
  if (options.patience === 0) return new RowBits(0);
  const { rowCount } = source;
  const free = rowCount - (heldOut?.size ?? 0);
  const count = Math.min(MOST_ROWS, Math.round(free * SHARE));
  const random = randomStream(options.seed, "validation");
  return chooseAmong(rowCount, heldOut, count, random);
}

/** Watches rows that take no part in the training, and keeps the dictionary that did best on them. */
export class Validation {
  readonly #rows: RowSource;
  readonly #starts: readonly number[];

  private constructor(rows: RowSource, starts: readonly number[]) {
    this.#rows = rows;
    this.#starts = starts;
  }

  /**
   * Reads this process's share of the rows, which stay in memory.
   *
   * @param source all rows
   * @param rows those to watch
   * @param options how many shards there are, for processes that share them
   * @param hooks the processes, a signal
   */
  static async open(
    source: RowSource,
    rows: RowSet,
    options: Pick<TrainOptions, "shards">,
    hooks: Pick<LearnHooks, "group" | "signal">,
  ): Promise<Validation> {
    const { data, starts } = await ownRows(source, rows, options, hooks);
    return new Validation(rowsFromArray(data, source.width), starts);
  }

  /** After a pass: measures, keeps the best, and stops the training where `patience` passes brought nothing better. */
  async look(training: Training, lines: MetricsLine[]): Promise<void> {
    const { engine, state, options, plan, hooks } = training;
    const dictionary = await finiteDictionary(engine, state.iteration);
    const fvu = await this.#fvu(engine, dictionary, hooks);
    const pass = state.iteration / plan.batches.length;
    // No dictionary does better than another on a single row, or on rows that are all the same.
    if (Number.isNaN(fvu)) {
      if (pass === 1) {
        hooks.onNotice?.(
          "The rows that early stopping watches do not vary, or there is one only: it stops nothing",
        );
      }
      return;
    }
    lines[lines.length - 1].validationFvu = fvu;
    if (state.best === undefined || fvu < state.best.fvu) {
      state.best = { fvu, iteration: state.iteration, dictionary };
      return;
    }
    const waited = pass - state.best.iteration / plan.batches.length;
    if (waited < options.patience) return;
    state.stopped = true;
    hooks.onNotice?.(
      `pass ${pass}: ${waited} passes without a better validation FVU; stopping`,
    );
  }

  // The same on all processes: each codes its own rows.
  async #fvu(
    engine: Engine,
    dictionary: Float32Array,
    { group = solo(), signal }: LearnHooks,
  ): Promise<number> {
    const { width, atoms, normalisation: { mean } } = engine.spec;
    const decoder = { width, atoms, dictionary, mean };
    const metrics = createMetrics(decoder);
    const sums = new ShardSums(metrics, this.#starts);
    const coded = codeRows(this.#rows, [coderOn(engine, decoder)], {
      signal,
      delivery: { borrow: true },
    });
    for await (const { batch, codes: [codes] } of coded) {
      for (let i = 0; i < batch.rows; i++) {
        const values = batch.data.subarray(i * width, (i + 1) * width);
        sums.add(batch.firstRow + i, values, codesOfRow(codes, i));
      }
    }
    await sums.conclude(group);
    return metrics.result().fvu;
  }
}
