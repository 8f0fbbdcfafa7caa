import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { type CodedRows, codeRows } from "../coding/rows.ts";
import {
  type Communicator,
  ownShards,
  solo,
} from "../distributed/communicator.ts";
import { HalvesSum } from "../distributed/halves.ts";
import { shardRange } from "../learn/shards.ts";
import { createMetrics } from "../metrics/accumulator.ts";
import {
  addDistributions,
  type CodeDistributions,
  createDistributions,
} from "../metrics/distributions.ts";
import type { DictionaryModel } from "../model/model.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import { RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { Measured } from "./measure.ts";

/** How rows are measured. */
export interface MeasureOptions extends RunOptions {
  /** Ranges of the rows by which sums are formed: what is measured does not depend on who shares them. */
  shards?: number | undefined;
  /** The processes that share them; each gets what was measured of all rows. */
  group?: Communicator | undefined;
}

/**
 * Codes sets of rows with a model, without ridge, and measures the reconstructions of each set: all of them from one
 * read.
 *
 * @param model the dictionary
 * @param source the rows
 * @param sets which of them; no row is in two sets
 * @param options where it runs, who shares the work, progress, an `AbortSignal`
 * @returns what was measured of each set
 */
export async function measureSets(
  model: DictionaryModel,
  source: RowSource,
  sets: readonly RowSet[],
  options: MeasureOptions = {},
): Promise<Measured[]> {
  const { group = solo(), shards = 1 } = options;
  const own = ownShards(shards, group);
  const { start } = shardRange(source.rowCount, shards, own.from);
  const { end } = shardRange(source.rowCount, shards, own.to - 1);
  const starts = Array.from(
    { length: own.to - own.from },
    (_, i) => shardRange(source.rowCount, shards, own.from + i).start,
  );
  const tallies = sets.map(() => new Tally(model, starts));
  const coder = await engineCoder(model, options);
  try {
    const coded = codeRows(source, [coder], {
      ...options,
      delivery: {
        range: { start, end },
        only: unionOf(sets, source.rowCount),
      },
    });
    for await (const part of coded) addPart(part, sets, tallies, model.width);
  } finally {
    await coder.close();
  }
  const measured: Measured[] = [];
  for (const tally of tallies) measured.push(await tally.result(group));
  return measured;
}

function unionOf(sets: readonly RowSet[], rowCount: number): RowSet {
  if (sets.length === 1) return sets[0];
  const union = new RowBits(rowCount);
  for (let row = 0; row < rowCount; row++) {
    if (sets.some((set) => set.has(row))) union.add(row);
  }
  return union;
}

function addPart(
  { batch, codes: [codes] }: CodedRows,
  sets: readonly RowSet[],
  tallies: readonly Tally[],
  width: number,
): void {
  const { sparsity, indices, values } = codes;
  for (let i = 0; i < batch.rows; i++) {
    const row = batch.rowNumbers?.[i] ?? batch.firstRow + i;
    const set = sets.findIndex((set) => set.has(row));
    tallies[set].add(row, batch.data.subarray(i * width, (i + 1) * width), {
      rows: 1,
      sparsity,
      indices: indices.subarray(i * sparsity, (i + 1) * sparsity),
      values: values.subarray(i * sparsity, (i + 1) * sparsity),
    });
  }
}

/** What is measured of one set's rows, which come in order: sums by shards, then by halves of the shards. */
class Tally {
  readonly #metrics: ReturnType<typeof createMetrics>;
  readonly #distributions = createDistributions();
  /** First rows of this process's shards that are still to come. */
  readonly #starts: number[];
  readonly #sum: HalvesSum;
  readonly #none: Float64Array;

  /**
   * @param model what is measured
   * @param starts the first row of each of this process's shards
   */
  constructor(model: DictionaryModel, starts: readonly number[]) {
    this.#metrics = createMetrics(model);
    this.#sum = new HalvesSum(starts.length);
    this.#starts = starts.slice(1);
    this.#none = this.#metrics.numbers();
  }

  add(
    row: number,
    values: Float32Array,
    codes: Parameters<ReturnType<typeof createMetrics>["add"]>[1],
  ): void {
    while (row >= this.#starts[0]) this.#endShard();
    this.#metrics.add(values, codes);
    this.#distributions.add(codes);
  }

  /** What was measured by all processes. */
  async result(group: Communicator): Promise<Measured> {
    const metrics = this.#metrics;
    while (this.#starts.length > 0) this.#endShard();
    this.#sum.add(metrics.numbers());
    metrics.take(await group.sum(this.#sum.result()));
    const counted = await group.gather(toBytes(this.#distributions.result()));
    const all = await Promise.all(counted.map(fromBytes));
    return {
      metrics: metrics.result(),
      use: metrics.use(),
      distributions: addDistributions(all as CodeDistributions[]),
    };
  }

  #endShard(): void {
    this.#starts.shift();
    this.#sum.add(this.#metrics.numbers());
    this.#metrics.take(this.#none);
  }
}
