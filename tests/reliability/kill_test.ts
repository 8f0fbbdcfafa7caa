import assert from "node:assert/strict";
import { killTrainings } from "./kills.ts";
import { inDirectory } from "./runs.ts";

Deno.test("trainToDirectory() comes to the same bytes through SIGKILLs", async () => {
  await inDirectory(async (directory) => {
    const counts = await killTrainings(directory, {
      device: "cpu",
      kills: 4,
      passes: 10,
      seed: 2,
    });
    assert(counts.kills >= 4 && counts.trainings >= 1);
  });
});
