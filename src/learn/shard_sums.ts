import { type Communicator, ownShards } from "../distributed/communicator.ts";
import { HalvesSum } from "../distributed/halves.ts";
import type { MetricsAccumulator } from "../metrics/accumulator.ts";
import type { SparseCodes } from "../coding/coder.ts";
import { shardRange } from "./shards.ts";

/** The rows of a process's shards: one range, and the first row of each shard. */
export function rowsOfShards(
  rowCount: number,
  shards: number,
  group: Pick<Communicator, "rank" | "size">,
): { range: { start: number; end: number }; starts: number[] } {
  const { from, to } = ownShards(shards, group);
  const starts = Array.from(
    { length: to - from },
    (_, i) => shardRange(rowCount, shards, from + i).start,
  );
  const { end } = shardRange(rowCount, shards, to - 1);
  return { range: { start: starts[0], end }, starts };
}

/** One row's codes. */
export function codesOfRow(
  { sparsity, indices, values }: SparseCodes,
  row: number,
): SparseCodes {
  const from = row * sparsity, to = from + sparsity;
  return {
    rows: 1,
    sparsity,
    indices: indices.subarray(from, to),
    values: values.subarray(from, to),
  };
}

/**
 * Metrics of rows that come in order, summed shard by shard and then by halves of the shards, so that they do not
 * depend on how many processes (a power of two) share them.
 */
export class ShardSums {
  readonly #metrics: MetricsAccumulator;
  /** First rows of this process's shards that are still to come. */
  readonly #starts: number[];
  readonly #sum: HalvesSum;
  readonly #none: Float64Array;

  /**
   * @param metrics nothing was added to yet
   * @param starts the first row of each of this process's shards
   */
  constructor(metrics: MetricsAccumulator, starts: readonly number[]) {
    this.#metrics = metrics;
    this.#sum = new HalvesSum(starts.length);
    this.#starts = starts.slice(1);
    this.#none = metrics.numbers();
  }

  /** Adds a row by its number. */
  add(row: number, values: Float32Array, codes: SparseCodes): void {
    while (row >= this.#starts[0]) this.#endShard();
    this.#metrics.add(values, codes);
  }

  /** Gives the metrics the sums of all processes. */
  async conclude(group: Communicator): Promise<void> {
    while (this.#starts.length > 0) this.#endShard();
    this.#sum.add(this.#metrics.numbers());
    this.#metrics.take(await group.sum(this.#sum.result()));
  }

  #endShard(): void {
    this.#starts.shift();
    this.#sum.add(this.#metrics.numbers());
    this.#metrics.take(this.#none);
  }
}
