import { coderOn } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import { createMetrics } from "../metrics/accumulator.ts";
import type { Engine } from "../engine/engine.ts";
import { rowsFromArray } from "../rows/memory.ts";
import { chooseRows, RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { MetricsLine } from "../model/model.ts";
import { randomStream } from "../random.ts";
import type { TrainOptions } from "../options/train_options.ts";
import { finiteDictionary } from "./passes.ts";
import type { Training } from "./training.ts";

/** Share of the training rows that early stopping looks at instead of training on them, at most so many. */
const SHARE = 0.1;
const MOST_ROWS = 16384;

/** Rows read at a time. */
export const ROWS_AT_ONCE = 1024;

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
  const chosen = chooseRows(free, count, random);
  const rows = new RowBits(rowCount);
  for (let row = 0, rank = 0; row < rowCount; row++) {
    if (heldOut?.has(row)) continue;
    if (chosen.has(rank++)) rows.add(row);
  }
  return rows;
}

/** Watches rows that take no part in the training, and keeps the dictionary that did best on them. */
export class Validation {
  readonly #rows: RowSource;

  private constructor(rows: RowSource) {
    this.#rows = rows;
  }

  /** Reads the rows, which stay in memory. */
  static async open(
    source: RowSource,
    rows: RowSet,
    signal?: AbortSignal,
  ): Promise<Validation> {
    const { width } = source;
    const kept = new Float32Array(rows.size * width);
    if (rows.size === 0) return new Validation(rowsFromArray(kept, width));
    let length = 0;
    const delivery = { only: rows, signal };
    for await (const batch of source.batches(ROWS_AT_ONCE, delivery)) {
      const values = batch.data.subarray(0, batch.rows * width);
      kept.set(values, length);
      length += values.length;
      batch.release?.();
    }
    return new Validation(rowsFromArray(kept.subarray(0, length), width));
  }

  /** After a pass: measures, keeps the best, and stops the training where `patience` passes brought nothing better. */
  async look(training: Training, lines: MetricsLine[]): Promise<void> {
    const { engine, state, options, plan, hooks, iterating } = training;
    const dictionary = await finiteDictionary(engine, state.iteration);
    const fvu = await iterating.measured(() =>
      this.#fvu(engine, dictionary, hooks.signal)
    );
    lines[lines.length - 1].validationFvu = fvu;
    const pass = state.iteration / plan.batches.length;
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

  async #fvu(
    engine: Engine,
    dictionary: Float32Array,
    signal?: AbortSignal,
  ): Promise<number> {
    const { width, atoms, normalisation: { mean } } = engine.spec;
    const decoder = { width, atoms, dictionary, mean };
    const metrics = createMetrics(decoder);
    const coded = codeRows(this.#rows, [coderOn(engine, decoder)], {
      signal,
      delivery: { borrow: true },
    });
    for await (const { batch: { data }, codes: [codes] } of coded) {
      metrics.add(data, codes);
    }
    return metrics.result().fvu;
  }
}
