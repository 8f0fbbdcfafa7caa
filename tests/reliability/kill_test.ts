import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { killTrainings } from "./kills.ts";

for (
  const [device, kills, passes] of [["cpu", 4, 10], ["gpu", 2, 6]] as const
) {
  Deno.test(`trainToDirectory() on the ${device} comes to the same bytes through SIGKILLs`, async () => {
    await inDirectory(async (directory) => {
      const plan = { device, kills, passes, seed: 2 };
      const counts = await killTrainings(directory, plan);
      assert(counts.kills >= kills && counts.trainings >= 1);
    });
  });
}
