import type { BlockStore, RowRange } from "./block_store.ts";
import type { BatchOptions } from "./source.ts";

/** Whether a delivery takes a row; null where it takes every one. */
export type RowTest = ((row: number) => boolean) | null;

/** The part of a range that a store has; all rows without one. */
export function clip(store: BlockStore, range?: RowRange): RowRange {
  const start = Math.max(0, Math.floor(range?.start ?? 0));
  const end = Math.min(store.rowCount, range?.end ?? store.rowCount);
  return { start, end: Math.max(start, end) };
}

/** Which rows options ask for. */
export function selector(options: BatchOptions): RowTest {
  const { only, except } = options;
  if (only === undefined && except === undefined) return null;
  return (row) => (only?.has(row) ?? true) && !(except?.has(row) ?? false);
}

/** Ranges without rows at their ends that are not taken. */
export function* trimRanges(
  ranges: Iterable<RowRange>,
  takes: RowTest,
): Generator<RowRange> {
  for (let { start, end } of ranges) {
    if (takes !== null) {
      while (start < end && !takes(start)) start++;
      while (end > start && !takes(end - 1)) end--;
    }
    if (start < end) yield { start, end };
  }
}

/** Rows of ranges that are taken. */
export function countRows(
  ranges: readonly RowRange[],
  takes: RowTest,
): number {
  let count = 0;
  for (const { start, end } of ranges) {
    if (takes === null) count += end - start;
    else for (let row = start; row < end; row++) if (takes(row)) count++;
  }
  return count;
}
