import { type Communicator, ownShards } from "../distributed/communicator.ts";
import { bytesOf } from "../bytes.ts";
import { permutation, randomStream } from "../random.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { shardRange } from "./shards.ts";
import type { FarRows } from "./norms.ts";
import {
  type GatheredRows,
  gatherRows,
  type Near,
  type RowStatistics,
} from "./statistics.ts";

/** Rows asked of the source at a time. */
const ROWS_AT_ONCE = 4096;

/** Single numbers that go before a shard's mean. */
const SCALARS = 7;

/** What is put together of a shard. */
interface Shard
  extends Pick<RowStatistics, "rows" | "mean" | "spread" | "reach" | "drawn"> {
  far: FarRows;
}

/** How a group goes over its rows before learning starts. */
export interface ShardPass {
  source: RowSource;
  shards: number;
  group: Communicator;
  /** Rows to draw over all shards. */
  draw: number;
  seed: number;
  /** Rows to look at over all shards, at most. */
  most: number;
  except?: RowSet | undefined;
  signal?: AbortSignal | undefined;
}

/** The statistics of all shards together, and the rows of each. */
export interface GatheredShards extends GatheredRows {
  shardRows: Uint32Array;
}

/**
 * Gathers the statistics of all shards, each rank those of its own. Each shard draws rows in proportion to its size.
 * The same on all ranks, however many they are: shards are put together in their order.
 *
 * @param pass the rows, and how many of them to draw
 * @param near draws far rows in
 */
export async function gatherShards(
  pass: ShardPass,
  near?: Near,
): Promise<GatheredShards> {
  const expected = rowsOfShards(pass);
  const shards = await goOver(pass, near, expected);
  const found = Uint32Array.from(shards, ({ rows }) => rows);
  const drawn = shards.reduce((sum, shard) => sum + shard.drawn.length, 0);
  const rows = found.reduce((sum, count) => sum + count, 0);
  // Filters may drop more of one shard than of others: its lack is made up for by what the others have.
  return drawn >= Math.min(pass.draw, rows)
    ? together(shards, pass)
    : together(await goOver(pass, near, found), pass);
}

/** Rows of each shard that are not left out, before filters drop any. */
export function rowsOfShards(
  { source, shards, except }: Pick<ShardPass, "source" | "shards" | "except">,
): Uint32Array {
  return Uint32Array.from({ length: shards }, (_, shard) => {
    const { start, end } = shardRange(source.rowCount, shards, shard);
    let rows = end - start;
    if (except === undefined) return rows;
    for (let row = start; row < end; row++) if (except.has(row)) rows--;
    return rows;
  });
}

async function goOver(
  pass: ShardPass,
  near: Near | undefined,
  expected: Uint32Array,
): Promise<Shard[]> {
  const { source, shards, group, except, signal } = pass;
  const all = expected.reduce((sum, rows) => sum + rows, 0);
  const { from, to } = ownShards(shards, group);
  const own: Shard[] = [];
  for (let shard = from; shard < to; shard++) {
    const share = (count: number) =>
      Math.ceil(Math.min(count, all) * expected[shard] / Math.max(1, all));
    const range = shardRange(source.rowCount, shards, shard);
    const { statistics, far } = await gatherRows(
      (borrow) =>
        source.batches(ROWS_AT_ONCE, { range, except, signal, borrow }),
      source.width,
      {
        draw: share(pass.draw),
        most: share(pass.most),
        random: randomStream(pass.seed, "draw", shard),
      },
      near,
    );
    own.push({ ...statistics, far: far ?? { rows: 0, far: 0, all: 0 } });
  }
  const bytes = await group.gather(packed(own, source.width));
  return bytes.flatMap((one) => unpacked(one, source.width));
}

// Counts, means and squares by Chan's formula (Chan, Golub and LeVeque 1983), shard by shard.
function together(
  shards: readonly Shard[],
  { source: { width }, draw, seed }: ShardPass,
): GatheredShards {
  const mean = new Float64Array(width);
  let rows = 0, squares = 0;
  for (const shard of shards) {
    if (shard.rows === 0) continue;
    const all = rows + shard.rows;
    let apart = 0;
    for (let p = 0; p < width; p++) {
      const difference = shard.mean[p] - mean[p];
      apart += difference * difference;
      mean[p] += difference * (shard.rows / all);
    }
    squares += shard.spread * shard.rows + apart * (rows * shard.rows / all);
    rows = all;
  }
  const spread = squares / Math.max(1, rows);
  const energy = spread + mean.reduce((sum, value) => sum + value * value, 0);
  const drawn = shards.flatMap((shard) => shard.drawn);
  // In random order: who takes the first ones is not to take the first shards'.
  const order = permutation(drawn.length, randomStream(seed, "draw order"));
  return {
    statistics: {
      rows,
      mean,
      spread,
      energy,
      reach: reachFrom(shards, mean),
      reachFrom: (point) => reachFrom(shards, point),
      drawn: Array.from(order.subarray(0, draw), (i) => drawn[i]),
    },
    far: shards.reduce((sum, { far }) => ({
      rows: sum.rows + far.rows,
      far: sum.far + far.far,
      all: sum.all + far.all,
    }), { rows: 0, far: 0, all: 0 }),
    shardRows: Uint32Array.from(shards, (shard) => shard.rows),
  };
}

// No row of a shard is further from a point than by way of the shard's own mean.
function reachFrom(
  shards: readonly Shard[],
  point: Float32Array | Float64Array,
): number {
  let reach = 0;
  for (const shard of shards) {
    if (shard.rows === 0) continue;
    let apart = 0;
    point.forEach((value, p) => apart += (value - shard.mean[p]) ** 2);
    reach = Math.max(reach, (shard.reach + Math.sqrt(apart)) * (1 + 1e-6));
  }
  return reach;
}

function packed(
  shards: readonly Shard[],
  width: number,
): Uint8Array<ArrayBuffer> {
  const drawn = shards.reduce((sum, shard) => sum + shard.drawn.length, 0);
  const numbers = new Float64Array(1 + shards.length * (SCALARS + width));
  const rows = new Float32Array(drawn * width);
  numbers[0] = shards.length;
  let at = 1, row = 0;
  for (const { rows: count, spread, reach, drawn, mean, far } of shards) {
    numbers.set([count, spread, reach, far.rows, far.far, far.all], at);
    numbers[at + SCALARS - 1] = drawn.length;
    numbers.set(mean, at + SCALARS);
    at += SCALARS + width;
    for (const one of drawn) rows.set(one, width * row++);
  }
  const bytes = new Uint8Array(numbers.byteLength + rows.byteLength);
  bytes.set(bytesOf(numbers));
  bytes.set(bytesOf(rows), numbers.byteLength);
  return bytes;
}

function unpacked(
  bytes: Uint8Array<ArrayBuffer>,
  width: number,
): Shard[] {
  const { buffer } = bytes.byteOffset === 0 ? bytes : bytes.slice();
  const [count] = new Float64Array(buffer, 0, 1);
  const length = SCALARS + width;
  const numbers = new Float64Array(buffer, 8, count * length);
  let from = 8 * (1 + numbers.length);
  return Array.from({ length: count }, (_, i) => {
    const one = numbers.subarray(i * length, (i + 1) * length);
    const [rows, spread, reach, farRows, far, all, rowsDrawn] = one;
    const drawn = Array.from({ length: rowsDrawn }, () => {
      const row = new Float32Array(buffer, from, width);
      from += 4 * width;
      return row;
    });
    const mean = one.slice(SCALARS);
    return {
      rows,
      mean,
      spread,
      reach,
      far: { rows: farRows, far, all },
      drawn,
    };
  });
}
