import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { killTrainings } from "../reliability/kills.ts";

for (const [device, passes] of [["cpu", 20], ["gpu", 12]] as const) {
  Deno.test(`trainToDirectory() on the ${device} comes to the same bytes through 50 SIGKILLs`, async () => {
    await inDirectory(async (directory) => {
      const counts = await killTrainings(directory, {
        device,
        kills: 50,
        passes,
        seed: 1,
      });
      console.log(device, counts);
      assert(counts.kills >= 50 && counts.duringCheckpoint >= 5);
    });
  });
}
