import assert from "node:assert/strict";
import { solo } from "../../src/distributed/communicator.ts";
import {
  GroupAborted,
  inProcessGroup,
} from "../../src/distributed/in_process.ts";
import { exerciseGroup } from "./communicators.ts";

Deno.test("a group of one needs no others", () => exerciseGroup(solo()));

for (const size of [1, 2, 3, 4, 5, 8]) {
  Deno.test(`a group of ${size} within a process sums, gathers and broadcasts in a fixed order`, async () => {
    const group = inProcessGroup(size);
    await Promise.all(group.map(exerciseGroup));
    await Promise.all(group.map((member) => member.close()));
  });
}

Deno.test("a rank that gives up ends the waiting of the others, and their later calls", async () => {
  const [one, two, three] = inProcessGroup(3);
  const waiting = one.sum(new Float32Array(4));
  await assert.rejects(two.abort(7), new GroupAborted(7));
  await assert.rejects(waiting, new GroupAborted(7));
  await assert.rejects(three.gather(new Uint8Array(0)), new GroupAborted(7));
});
