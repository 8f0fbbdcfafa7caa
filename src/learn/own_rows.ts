import { solo } from "../distributed/communicator.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { LearnHooks } from "./hooks.ts";
import { rowsOfShards } from "./shard_sums.ts";

/** Rows read at a time. */
export const ROWS_AT_ONCE = 1024;

/**
 * Reads this process's share of some rows, which stay in memory.
 *
 * @param source all rows
 * @param rows those to keep
 * @param options how many shards there are, for processes that share them
 * @param hooks the processes, a signal
 * @returns the rows, and where each of the process's shards begins among them
 */
export async function ownRows(
  source: RowSource,
  rows: RowSet,
  { shards = 1 }: Pick<TrainOptions, "shards">,
  { group = solo(), signal }: Pick<LearnHooks, "group" | "signal">,
): Promise<{ data: Float32Array; starts: number[] }> {
  const { width } = source;
  const { range, starts } = rowsOfShards(source.rowCount, shards, group);
  const kept = new Float32Array(countWithin(rows, range) * width);
  const places = [0];
  let count = 0;
  const delivery = { only: rows, range, signal };
  for await (const batch of source.batches(ROWS_AT_ONCE, delivery)) {
    kept.set(batch.data.subarray(0, batch.rows * width), count * width);
    for (let i = 0; i < batch.rows; i++, count++) {
      const row = batch.rowNumbers?.[i] ?? batch.firstRow + i;
      while (row >= starts[places.length]) places.push(count);
    }
    batch.release?.();
  }
  while (places.length < starts.length) places.push(count);
  return { data: kept.subarray(0, count * width), starts: places };
}

function countWithin(
  rows: RowSet,
  { start, end }: { start: number; end: number },
): number {
  let count = 0;
  for (let row = start; row < end; row++) if (rows.has(row)) count++;
  return count;
}
