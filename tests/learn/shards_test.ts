import assert from "node:assert/strict";
import fc from "fast-check";
import { ownShards } from "../../src/distributed/communicator.ts";
import { planTraining } from "../../src/learn/plan.ts";
import { dealtBatches, shardRange, sharesOf } from "../../src/learn/shards.ts";
import { rowsOfShards } from "../../src/learn/shard_statistics.ts";
import { RowBits } from "../../src/rows/row_set.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";

Deno.test("sharesOf() deals every row, to batches of the planned sizes, a shard's shares alike", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(300), { minLength: 1, maxLength: 20 }),
    fc.integer({ min: 1, max: 40 }),
    (rows, sampleBatch) => {
      const all = rows.reduce((sum, count) => sum + count, 0);
      const { batches } = planTraining(all, sampleBatch, 1);
      const shares = sharesOf(Uint32Array.from(rows), batches.length);
      shares.forEach((share, s) => {
        assert.equal(share.reduce((sum, count) => sum + count, 0), rows[s]);
        assert(Math.max(...share) - Math.min(...share) <= 1);
      });
      batches.forEach((size, b) =>
        assert.equal(shares.reduce((sum, share) => sum + share[b], 0), size)
      );
    },
  ));
});

Deno.test("ownShards() gives every shard to one rank, aligned halves to ranks of a power of two", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: 20 }),
    (shards, size) => {
      let next = 0;
      for (let rank = 0; rank < size; rank++) {
        const { from, to } = ownShards(shards, { rank, size });
        assert.equal(from, next);
        next = to;
      }
      assert.equal(next, shards);
    },
  ));
  assert.deepEqual(ownShards(64, { rank: 3, size: 4 }), { from: 48, to: 64 });
});

Deno.test("dealtBatches() gives the same batches to any number of ranks, from any batch on", async () => {
  const width = 3, rowCount = 501, shards = 7, batches = 5;
  const data = Float32Array.from({ length: rowCount * width }, (_, i) => i);
  const source = rowsFromArray(data, width);
  const except = new RowBits(rowCount);
  for (let row = 0; row < rowCount; row += 9) except.add(row);
  for (let row = 80; row < 140; row++) except.add(row);
  const shardRows = rowsOfShards({ source, shards, except });
  const deal = { source, shardRows, batches, seed: 3, except };
  const dealt = async (size: number, first: number) => {
    const all: number[][] = Array.from({ length: batches }, () => []);
    for (let rank = 0; rank < size; rank++) {
      let b = first;
      for await (const batch of dealtBatches(deal, first, { rank, size })) {
        assert.equal(
          batch.parts.reduce((sum, rows) => sum + rows, 0),
          batch.rows,
        );
        for (let i = 0; i < batch.rows; i++) {
          all[b].push(batch.data[i * width] / width);
        }
        b++;
        batch.release?.();
      }
      assert.equal(b, batches);
    }
    return all;
  };
  const one = await dealt(1, 0);
  for (const size of [2, 3, 7]) assert.deepEqual(await dealt(size, 0), one);
  const rest = await dealt(2, 3);
  assert.deepEqual(rest.slice(3), one.slice(3));
  const sorted = one.flat().sort((a, b) => a - b);
  const expected = Array.from({ length: rowCount }, (_, row) => row)
    .filter((row) => !except.has(row));
  assert.deepEqual(sorted, expected);
  assert.notDeepEqual(one.flat(), sorted);
  const { start, end } = shardRange(rowCount, shards, 6);
  assert(one[0].at(-1)! >= start && one[0].at(-1)! < end);
});
