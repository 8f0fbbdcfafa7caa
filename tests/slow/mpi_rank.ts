// One rank of a group over MPI, held to what every group is held to.
import { joinMpi } from "../../src/distributed/mpi.ts";
import { exerciseGroup } from "../distributed/communicators.ts";

const group = await joinMpi((name) => Deno.env.get(name));
await exerciseGroup(group);
if (group.rank === 0) console.log(`${group.size} ranks, ${group.library}`);
await group.close();
