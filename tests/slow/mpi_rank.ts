// One rank of a group over MPI, held to what every group is held to.
import assert from "node:assert/strict";
import { joinMpi } from "../../src/distributed/mpi.ts";
import { exerciseGroup } from "../distributed/communicators.ts";

const group = await joinMpi((name) => Deno.env.get(name));
await exerciseGroup(group);
// More than goes at a time, and no multiple of anything.
const { rank, size } = group;
const many = Float64Array.from({ length: 1_100_001 }, (_, i) => i % 97);
const sums = await group.sum(many.map((value) => value * (rank + 1)));
assert(sums.every((sum, i) => sum === (i % 97) * size * (size + 1) / 2));
if (group.rank === 0) console.log(`${group.size} ranks, ${group.library}`);
await group.close();
