import { createMetrics } from "../metrics/accumulator.ts";
import type { Codes, Engine } from "../engine/engine.ts";
import { chooseRows, RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { MetricsLine } from "../model/model.ts";
import { randomStream } from "../random.ts";
import type { TrainOptions } from "./options.ts";
import { finiteDictionary, type Training } from "./passes.ts";

/** Share of the training rows that early stopping looks at instead of training on them, at most so many. */
const SHARE = 0.1;
const MOST_ROWS = 16384;

/** Rows coded at a time. */
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
  readonly #rows: { data: Float32Array; rows: number }[];

  constructor(rows: { data: Float32Array; rows: number }[]) {
    this.#rows = rows;
  }

  /** Reads the rows. */
  static async open(source: RowSource, rows: RowSet): Promise<Validation> {
    const kept = [];
    for await (const batch of source.batches(ROWS_AT_ONCE, { only: rows })) {
      kept.push({ data: batch.data, rows: batch.rows });
    }
    return new Validation(kept);
  }

  /** After a pass: measures, keeps the best, and stops the training where `patience` passes brought nothing better. */
  async look(training: Training, lines: MetricsLine[]): Promise<void> {
    const { engine, state, options, plan, hooks, iterating } = training;
    const dictionary = await finiteDictionary(engine, state.iteration);
    const fvu = await iterating.measured(() => this.#fvu(engine, dictionary));
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

  async #fvu(engine: Engine, dictionary: Float32Array): Promise<number> {
    const { width, atoms, normalisation: { mean } } = engine.spec;
    const metrics = createMetrics({ width, atoms, dictionary, mean });
    for (const { data, rows } of this.#rows) {
      // A copy goes to the engine: it may take the buffer with it to another thread.
      const codes: Codes = await engine.encode({ data: data.slice(), rows });
      metrics.add(data, codes);
    }
    return metrics.result().fvu;
  }
}
