// One rank of a group over MPI, held to what every group is held to.
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { joinMpi } from "../../src/distributed/mpi.ts";
import { createEngine } from "../../src/engine/create.ts";
import type { JoinedEngine } from "../../src/engine/group_engine.ts";
import { stepOf } from "../engine/iterated.ts";
import { plainSpec } from "../engine/engines.ts";
import { plant } from "../engine/planted.ts";
import { exerciseGroup } from "../distributed/communicators.ts";

const group = await joinMpi((name) => Deno.env.get(name));
await exerciseGroup(group);
// More than goes at a time, and no multiple of anything.
const { rank, size } = group;
const many = Float64Array.from({ length: 1_100_001 }, (_, i) => i % 97);
const sums = await group.sum(many.map((value) => value * (rank + 1)));
assert(sums.every((sum, i) => sum === (i % 97) * size * (size + 1) / 2));
if (rank === 0) await openAndClose();
await iterateThere();
if (group.rank === 0) console.log(`${group.size} ranks, ${group.library}`);
await group.close();

// An engine in the thread that makes MPI's calls, which goes on: its memory is not to.
async function openAndClose(): Promise<void> {
  const sizes = { width: 16, atoms: 4096, rows: 40, sparsity: 2 };
  const { data, dictionary } = plant(sizes, 0.3, "memory");
  const engine = await createEngine(plainSpec(sizes, {}), {
    ...{ device: "cpu", threads: 1 },
    thread: group.engineThread,
  });
  await engine.loadDictionary(dictionary);
  await engine.encode({ data, rows: sizes.rows });
  const { rss } = Deno.memoryUsage();
  await engine.close();
  // Its Gram alone has 64 MiB.
  for (let look = 0; Deno.memoryUsage().rss > rss - 2 ** 25; look++) {
    assert(look < 100, "the engine's memory is kept");
    await setTimeout(50);
  }
}

// An iteration in that thread: all ranks have the same atoms, and what it took of the group counts as theirs.
async function iterateThere(): Promise<void> {
  const sizes = { width: 16, atoms: 24, rows: 40, sparsity: 2 };
  const { data, dictionary } = plant(sizes, 0.3, `rank ${rank}`);
  const spec = plainSpec(sizes, {});
  const engine = await createEngine(spec, {
    ...{ device: "cpu", threads: 1 },
    thread: group.engineThread,
  }) as JoinedEngine;
  await engine.loadDictionary(
    await group.broadcast(
      new Uint8Array(dictionary.slice().buffer),
    ).then((bytes) => new Float32Array(bytes.slice().buffer)),
  );
  const { calls } = group.spent;
  await engine.iterateTogether(
    { data, rows: sizes.rows },
    stepOf(spec, { atomBatch: 7 }),
    { sumType: "f32", parts: Uint32Array.of(40), sharesGram: true },
  );
  assert(group.spent.calls >= calls + 4);
  const own = new Uint8Array((await engine.readDictionary()).slice().buffer);
  const [first, ...others] = await group.gather(own);
  for (const other of others) assert.deepEqual(other, first);
  await engine.close();
}
