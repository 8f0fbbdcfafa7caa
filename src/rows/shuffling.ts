import { permutation, randomStream } from "../random.ts";
import { BatchFiller } from "./batch_filler.ts";
import { RowBuffers } from "./buffers.ts";
import type { BatchOptions, RowBatch } from "./source.ts";
import type { BlockStore, RowBlock, RowRange } from "./block_store.ts";
import { clip, countRows, type RowTest, selector } from "./selection.ts";

/** Rows are mixed within windows of at least this many bytes. A constant: the order must not depend on the machine. */
const WINDOW_BYTES = 128 * 2 ** 20;

/** Batches of blocks in random order, gathered into windows; a window's rows in random order. */
export async function* shuffled(
  store: BlockStore,
  sizes: readonly number[],
  options: BatchOptions,
  seed: number,
): AsyncGenerator<RowBatch> {
  const takes = selector(options);
  using _asking = store.asking?.(takes ?? (() => true));
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
    store.buffers ?? new RowBuffers(0),
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

function listRows(
  blocks: readonly RowBlock[],
  takes: RowTest,
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
