import { type Communicator, ownShards } from "../distributed/communicator.ts";
import { randomStream } from "../random.ts";
import { releasable, RowBuffers } from "../rows/buffers.ts";
import type { RowBatch, RowSet, RowSource } from "../rows/source.ts";

/** Rows are mixed within windows of so many bytes over all shards, at least one stored block a shard. */
const WINDOW_BYTES = 128 * 2 ** 20;

/** A batch of the rows that one process holds. */
export interface ShareBatch
  extends Pick<RowBatch, "data" | "rows" | "release"> {
  /** Rows of each of the process's shards. */
  parts: Uint32Array;
}

/** How rows are dealt: by data, seed and number of shards alone, whoever reads them. */
export interface Deal {
  source: RowSource;
  /** Training rows of each shard. */
  shardRows: Uint32Array;
  /** Sample batches of a pass. */
  batches: number;
  seed: number;
  /** Whether filters may drop a few of the rows that were counted: a shard's last share is short then. */
  mayLack?: boolean | undefined;
  /** Rows that take no part. */
  except?: RowSet | undefined;
  signal?: AbortSignal | undefined;
}

/** The rows of a shard: ranges of row numbers whose sizes differ by at most one. */
export function shardRange(
  rowCount: number,
  shards: number,
  shard: number,
): { start: number; end: number } {
  return {
    start: Math.floor(rowCount * shard / shards),
    end: Math.floor(rowCount * (shard + 1) / shards),
  };
}

/**
 * Rows of each shard in each batch: numbered through all shards, row i is in batch i mod `batches`. So batches differ
 * by at most one row, and so do a shard's shares of them.
 *
 * @returns for every shard, its rows in each batch
 */
export function sharesOf(
  shardRows: Uint32Array,
  batches: number,
): Uint32Array[] {
  let before = 0;
  return Array.from(shardRows, (rows) => {
    const upTo = (count: number, batch: number) =>
      Math.floor((count + batches - 1 - batch) / batches);
    const shares = Uint32Array.from(
      { length: batches },
      (_, b) => upTo(before + rows, b) - upTo(before, b),
    );
    before += rows;
    return shares;
  });
}

/** Most rows of a batch that one process gets. */
export function largestShare(
  shardRows: Uint32Array,
  batches: number,
  group: Pick<Communicator, "rank" | "size">,
): number {
  const shares = ownShares({ shardRows, batches }, group);
  let most = 0;
  for (let b = 0; b < batches; b++) {
    most = Math.max(most, shares.reduce((sum, share) => sum + share[b], 0));
  }
  return most;
}

/**
 * A pass's batches as one process gets them: its shards' shares, in order of shards, each shard in its own random
 * order. A pass of one batch is not shuffled.
 *
 * @param first the first batch to deliver
 * @param group which process, of how many
 */
export async function* dealtBatches(
  deal: Deal,
  first: number,
  group: Pick<Communicator, "rank" | "size">,
): AsyncGenerator<ShareBatch> {
  const { width } = deal.source;
  const { from } = ownShards(deal.shardRows.length, group);
  const shares = ownShares(deal, group);
  const readers = shares.map((share, i) =>
    readShard(deal, from + i, share, first)
  );
  const buffers = new RowBuffers(0);
  try {
    for (let b = first; b < deal.batches; b++) {
      const pieces = await Promise.all(
        readers.map((reader, i) =>
          shares[i][b] > 0 ? reader.next() : undefined
        ),
      );
      const parts = Uint32Array.from(
        pieces,
        (piece) => piece?.value?.rows ?? 0,
      );
      const rows = parts.reduce((sum, part) => sum + part, 0);
      const lacks = (share: Uint32Array, i: number) =>
        deal.mayLack ? parts[i] === 0 && share[b] > 0 : share[b] !== parts[i];
      if (shares.some(lacks)) return;
      const data = buffers.take(rows * width);
      let at = 0;
      for (const piece of pieces) {
        const batch = piece?.value as RowBatch | undefined;
        if (batch === undefined) continue;
        data.set(batch.data.subarray(0, batch.rows * width), at);
        at += batch.rows * width;
        batch.release?.();
      }
      yield releasable<ShareBatch>({ data, rows, parts }, buffers);
    }
  } finally {
    for (const reader of readers) await reader.return?.();
  }
}

function ownShares(
  { shardRows, batches }: Pick<Deal, "shardRows" | "batches">,
  group: Pick<Communicator, "rank" | "size">,
): Uint32Array[] {
  const { from, to } = ownShards(shardRows.length, group);
  return sharesOf(shardRows, batches).slice(from, to);
}

function readShard(
  { source, shardRows, batches, seed, except, signal }: Deal,
  shard: number,
  share: Uint32Array,
  first: number,
): AsyncIterator<RowBatch> {
  const sizes = [...share.subarray(first)].filter((rows) => rows > 0);
  if (sizes.length === 0) return nothing();
  const shuffleSeed = batches > 1
    ? randomStream(seed, "shard", shard).integer(2 ** 32)
    : undefined;
  return source.batches(sizes, {
    range: shardRange(source.rowCount, shardRows.length, shard),
    except,
    signal,
    shuffleSeed,
    windowBytes: WINDOW_BYTES / shardRows.length,
    skipRows: share.subarray(0, first).reduce((sum, rows) => sum + rows, 0),
  })[Symbol.asyncIterator]();
}

async function* nothing(): AsyncGenerator<RowBatch> {
  // An empty shard delivers no batch.
}
