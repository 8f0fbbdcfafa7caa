import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { runCli } from "./fake_io.ts";

Deno.test("--tensorboard says where a folder holds another training's curves", async () => {
  await inDirectory(async (directory) => {
    const folder = join(directory, "curves");
    const train = (name: string, ...more: string[]) =>
      runCli([
        ...["train", "samples/glove-10k.parquet", "--max-rows", "200"],
        ...["--atoms", "16", "--sparsity", "2", "--passes", "1"],
        ...["--device", "cpu", "--out", join(directory, name)],
        ...["--tensorboard", folder, ...more],
      ]);
    const notice = /holds 1 event file of other trainings/;
    assert.doesNotMatch((await train("a")).stderr, notice);
    assert.doesNotMatch((await train("a", "--resume")).stderr, /of other/);
    await Deno.remove(folder, { recursive: true });
    await train("a");
    assert.match((await train("b")).stderr, notice);
  });
});
