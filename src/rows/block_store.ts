import type { RowBuffers } from "./buffers.ts";

/** Rows start ≤ row < end. */
export interface RowRange {
  start: number;
  end: number;
}

/** Rows of one range as read: without those that filters dropped. */
export interface RowBlock {
  /** First row of the range asked for. */
  start: number;
  rows: number;
  /** rows × width values; the receiver owns the buffer, unless it is borrowed. */
  data: Float32Array<ArrayBuffer>;
  /** Row numbers, where rows of the range were dropped. */
  rowNumbers?: Float64Array;
}

/** What deliveries are made from: rows that are read by ranges. */
export interface BlockStore {
  readonly width: number;
  readonly rowCount: number;
  /** Whether reading can drop rows, so that how many a range yields is known only afterwards. */
  readonly mayDrop: boolean;
  /** Where blocks' buffers are given back to, if reading takes them from there. */
  readonly buffers?: RowBuffers;
  /**
   * Says which rows a delivery asks for, until it is disposed of: of those that are only read with them, as they lie
   * between, none counts as dropped.
   */
  asking?(takes: (row: number) => boolean): Disposable;
  /** Ranges that are cheap to read whole, in stored order, together all rows: what shuffling reorders. */
  blocks(): Promise<readonly RowRange[]>;
  /**
   * Reads ranges in the order given, one block a range, reading ahead within the memory budget. Blocks that are only
   * borrowed belong to the store: the receiver reads them, no more.
   */
  stream(
    ranges: Iterable<RowRange>,
    signal?: AbortSignal,
    borrow?: boolean,
  ): AsyncIterable<RowBlock>;
}
