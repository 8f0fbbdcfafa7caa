import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { killTrainings } from "./kills.ts";

// More of them, and on a GPU: the slow tier.
Deno.test("trainToDirectory() comes to the same bytes through SIGKILLs", async () => {
  await inDirectory(async (directory) => {
    const plan = { device: "cpu", kills: 4, passes: 10, seed: 2 } as const;
    const counts = await killTrainings(directory, plan);
    assert(counts.kills >= 4 && counts.trainings >= 1);
  });
});
