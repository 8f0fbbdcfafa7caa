import { BatchFiller } from "./batch_filler.ts";
import { releasable, RowBuffers } from "./buffers.ts";
import type { BlockStore, RowRange } from "./block_store.ts";
import { clip, selector, trimRanges } from "./selection.ts";
import { shuffled } from "./shuffling.ts";
import type { BatchOptions, RowBatch } from "./source.ts";

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
  using _asking = store.asking?.(takes ?? (() => true));
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
    store.buffers ?? new RowBuffers(0),
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
