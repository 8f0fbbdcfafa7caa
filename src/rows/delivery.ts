import { permutation, randomStream } from "../random.ts";
import { BatchFiller } from "./batch_filler.ts";
import { releasable, RowBuffers } from "./buffers.ts";
import type { BatchOptions, RowBatch } from "./source.ts";

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

/** Rows are mixed within windows of at least this many bytes. A constant: the order must not depend on the machine. */
const WINDOW_BYTES = 128 * 2 ** 20;
/** Batches from this size on are read one by one into their own buffers; smaller ones are cut from larger reads. */
const WHOLE_BYTES = 2 ** 18;
/** Filtered deliveries read about this many bytes at a time. */
const RUN_BYTES = 16 * 2 ** 20;

/** Delivers a store's rows in batches: see `RowSource.batches`. */
export function deliver(
  store: BlockStore,
  rowsPerBatch: number | readonly number[],
  options: BatchOptions = {},
): AsyncIterable<RowBatch> {
  const sizes = typeof rowsPerBatch === "number"
    ? [rowsPerBatch]
    : rowsPerBatch;
  if (sizes.length === 0 || !sizes.every((s) => Number.isInteger(s) && s > 0)) {
    throw new RangeError(`Rows a batch must be positive: ${rowsPerBatch}`);
  }
  const plain = options.only === undefined && options.except === undefined;
  const large = Math.min(...sizes) * store.width * 4 >= WHOLE_BYTES;
  const batches = options.shuffleSeed !== undefined
    ? shuffled(store, sizes, options, options.shuffleSeed)
    : plain && large && !store.mayDrop
    ? whole(store, sizes, options)
    : picked(store, sizes, options);
  return options.signal === undefined
    ? batches
    : untilAborted(batches, options.signal);
}

// Reads stop by themselves; this stops a delivery from what was read already.
async function* untilAborted(
  batches: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  for await (const batch of batches) {
    signal.throwIfAborted();
    yield batch;
  }
}

function clip(store: BlockStore, range?: RowRange): RowRange {
  const start = Math.max(0, Math.floor(range?.start ?? 0));
  const end = Math.min(store.rowCount, range?.end ?? store.rowCount);
  return { start, end: Math.max(start, end) };
}

function selector(options: BatchOptions): ((row: number) => boolean) | null {
  const { only, except } = options;
  if (only === undefined && except === undefined) return null;
  return (row) => (only?.has(row) ?? true) && !(except?.has(row) ?? false);
}

// Nothing is left out: the batches are ranges, delivered in the buffers they were read into.
async function* whole(
  store: BlockStore,
  sizes: readonly number[],
  options: BatchOptions,
): AsyncGenerator<RowBatch> {
  const { start, end } = clip(store, options.range);
  const ranges = cutRanges(start + (options.skipRows ?? 0), end, sizes);
  const { signal, borrow } = options;
  const { buffers } = store;
  for await (const block of store.stream(ranges, signal, borrow)) {
    const { data, rows, start } = block;
    const batch = { data, rows, firstRow: start };
    yield buffers === undefined ? batch : releasable(batch, buffers);
  }
}

function buffersOf({ buffers }: BlockStore): RowBuffers {
  return buffers ?? new RowBuffers(0);
}

function* cutRanges(
  start: number,
  end: number,
  sizes: readonly number[],
): Generator<RowRange> {
  for (let i = 0; start < end; i++) {
    const next = Math.min(end, start + sizes[Math.min(i, sizes.length - 1)]);
    yield { start, end: next };
    start = next;
  }
}

// Rows in stored order, some left out.
async function* picked(
  store: BlockStore,
  sizes: readonly number[],
  options: BatchOptions,
): AsyncGenerator<RowBatch> {
  const takes = selector(options);
  let { start, end } = clip(store, options.range);
  let skip = options.skipRows ?? 0;
  if (!store.mayDrop && takes !== null) {
    for (; skip > 0 && start < end; start++) if (takes(start)) skip--;
  }
  const runRows = Math.max(1, Math.floor(RUN_BYTES / 4 / store.width));
  const runs = trimRanges(cutRanges(start, end, [runRows]), takes);
  const filler = new BatchFiller(
    store.width,
    sizes,
    Math.min(end - start, options.only?.size ?? Infinity),
    buffersOf(store),
  );
  for await (const block of store.stream(runs, options.signal, true)) {
    for (let i = 0; i < block.rows; i++) {
      const row = block.rowNumbers?.[i] ?? block.start + i;
      if (takes !== null && !takes(row)) continue;
      if (skip > 0) {
        skip--;
        continue;
      }
      const batch = filler.add(block.data, i, row);
      if (batch !== undefined) yield batch;
    }
    store.buffers?.give(block.data);
  }
  const last = filler.finish();
  if (last !== undefined) yield last;
}

function* trimRanges(
  ranges: Iterable<RowRange>,
  takes: ((row: number) => boolean) | null,
): Generator<RowRange> {
  for (let { start, end } of ranges) {
    if (takes !== null) {
      while (start < end && !takes(start)) start++;
      while (end > start && !takes(end - 1)) end--;
    }
    if (start < end) yield { start, end };
  }
}

// Blocks in random order, gathered into windows; a window's rows in random order.
async function* shuffled(
  store: BlockStore,
  sizes: readonly number[],
  options: BatchOptions,
  seed: number,
): AsyncGenerator<RowBatch> {
  const takes = selector(options);
  const windows = await shuffleWindows(store, options, seed);
  let skip = options.skipRows ?? 0;
  let first = 0;
  if (!store.mayDrop) {
    for (; first < windows.length; first++) {
      const rows = countRows(windows[first], takes);
      if (rows > skip) break;
      skip -= rows;
    }
  }
  const kept = windows.slice(first);
  const filler = new BatchFiller(
    store.width,
    sizes,
    Math.min(countRows(kept.flat(), null), options.only?.size ?? Infinity),
    buffersOf(store),
  );
  let w = first;
  for await (const blocks of readWindows(store, kept, options)) {
    const places = listRows(blocks, takes);
    const random = randomStream(seed, "shuffle rows", w++);
    const order = permutation(places.rows.length, random);
    for (const at of order.subarray(Math.min(skip, order.length))) {
      const { data } = blocks[places.blocks[at]];
      const batch = filler.add(data, places.offsets[at], places.rows[at]);
      if (batch !== undefined) yield batch;
    }
    for (const { data } of blocks) store.buffers?.give(data);
    skip = Math.max(0, skip - order.length);
  }
  const last = filler.finish();
  if (last !== undefined) yield last;
}

// The blocks of each window, read ahead over all windows unless their size was asked for.
async function* readWindows(
  store: BlockStore,
  windows: readonly RowRange[][],
  { signal, windowBytes }: BatchOptions,
): AsyncGenerator<RowBlock[]> {
  if (windowBytes !== undefined) {
    for (const window of windows) {
      yield await Array.fromAsync(store.stream(window, signal, true));
    }
    return;
  }
  const stream = store.stream(windows.flat(), signal, true)
    [Symbol.asyncIterator]();
  try {
    for (const window of windows) {
      const blocks: RowBlock[] = [];
      for (let i = 0; i < window.length; i++) {
        const next = await stream.next();
        if (!next.done) blocks.push(next.value);
      }
      yield blocks;
    }
  } finally {
    await stream.return?.();
  }
}

async function shuffleWindows(
  store: BlockStore,
  options: BatchOptions,
  seed: number,
): Promise<RowRange[][]> {
  const { start, end } = clip(store, options.range);
  const blocks = (await store.blocks())
    .map((b) => ({
      start: Math.max(b.start, start),
      end: Math.min(b.end, end),
    }))
    .filter((b) => b.start < b.end);
  const order = permutation(
    blocks.length,
    randomStream(seed, "shuffle blocks"),
  );
  const windows: RowRange[][] = [];
  let room = 0;
  for (const at of order) {
    if (room <= 0) {
      windows.push([]);
      room = (options.windowBytes ?? WINDOW_BYTES) / 4 / store.width;
    }
    windows[windows.length - 1].push(blocks[at]);
    room -= blocks[at].end - blocks[at].start;
  }
  return windows;
}

function countRows(
  ranges: readonly RowRange[],
  takes: ((row: number) => boolean) | null,
): number {
  let count = 0;
  for (const { start, end } of ranges) {
    if (takes === null) count += end - start;
    else for (let row = start; row < end; row++) if (takes(row)) count++;
  }
  return count;
}

function listRows(
  blocks: readonly RowBlock[],
  takes: ((row: number) => boolean) | null,
): { blocks: Uint32Array; offsets: Uint32Array; rows: Float64Array } {
  const total = blocks.reduce((sum, block) => sum + block.rows, 0);
  const list = {
    blocks: new Uint32Array(total),
    offsets: new Uint32Array(total),
    rows: new Float64Array(total),
  };
  let count = 0;
  blocks.forEach((block, b) => {
    for (let i = 0; i < block.rows; i++) {
      const row = block.rowNumbers?.[i] ?? block.start + i;
      if (takes !== null && !takes(row)) continue;
      list.blocks[count] = b;
      list.offsets[count] = i;
      list.rows[count++] = row;
    }
  });
  return {
    blocks: list.blocks.subarray(0, count),
    offsets: list.offsets.subarray(0, count),
    rows: list.rows.subarray(0, count),
  };
}
