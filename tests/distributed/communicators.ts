// What every group is held to, whatever carries it.
import assert from "node:assert/strict";
import type { Communicator } from "../../src/distributed/communicator.ts";
import { randomStream } from "../../src/random.ts";

/** A rank's values of a turn: any rank can make those of every other one. */
function valuesOf(rank: number, turn: number, length: number): Float64Array {
  const random = randomStream(turn, "values", rank);
  return Float64Array.from(
    { length },
    () => random.normal() * 10 ** (random.integer(9) - 4),
  );
}

function sumByHalves(terms: readonly Float64Array[]): Float64Array {
  if (terms.length === 1) return terms[0];
  const middle = terms.length >> 1;
  const one = sumByHalves(terms.slice(0, middle));
  const other = sumByHalves(terms.slice(middle));
  return one.map((value, i) => value + other[i]);
}

/** Makes the calls of a group, and asserts what they give; all ranks call it. */
export async function exerciseGroup(group: Communicator): Promise<void> {
  const { rank, size } = group;
  const ranks = Array.from({ length: size }, (_, r) => r);
  for (const [turn, length] of [0, 1, 2, 3, 7, 1000].entries()) {
    const expected = sumByHalves(ranks.map((r) => valuesOf(r, turn, length)));
    const sums = await group.sum(
      new Float64Array(valuesOf(rank, turn, length)),
    );
    assert.deepEqual(sums, expected, `float64 sum of ${length}`);
    const singles = ranks.map((r) =>
      new Float32Array(valuesOf(r, turn, length))
    );
    const rounded = await group.sum(singles[rank].slice());
    const exact = sumByHalves(singles.map((one) => new Float64Array(one)));
    assert.deepEqual(rounded, new Float32Array(exact), `float32 of ${length}`);
  }
  const own = new Uint8Array(3 * rank).fill(rank + 1);
  const gathered = await group.gather(own);
  assert.deepEqual(
    gathered,
    ranks.map((r) => new Uint8Array(3 * r).fill(r + 1)),
  );
  const reported = await group.broadcast(
    new Uint8Array(5 * (rank + 1)).fill(rank),
  );
  assert.deepEqual(reported, new Uint8Array(5));
  assert(group.localRank < group.localSize && group.localSize <= size);
}
