import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";

Deno.test("Threads and workers are asked for within what a machine can bear", async () => {
  for (const option of ["--threads", "--decode-workers"]) {
    const { code, stderr } = await runCli(
      ["train", SAMPLE, "--dry-run", "--device", "cpu", option, "99999"],
    );
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`${option}.* from [01] to \\d+`));
  }
});

Deno.test("A dry run refuses what the run would: too few rows, a start that is not there, places it may not write to", () =>
  inDirectory(async (directory) => {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "");
    const out = join(directory, "model");
    for (
      const [args, expected, message] of [
        [["--max-rows", "40", "--atoms", "64"], 3, /fewer training rows/],
        [["--init", join(directory, "none")], 3, /none/],
        [["--tensorboard", join(file, "tb")], 1, /Cannot write/],
        [["--like", join(directory, "none")], 2, /none.*path given to --like/],
        [["--max-norm-quantile", "2"], 2, /--max-norm-quantile.*at most 1/],
      ] as const
    ) {
      const { code, stderr } = await runCli([
        ...["train", SAMPLE, "--dry-run", "--device", "cpu", "--out", out],
        ...["--max-rows", "400", "--atoms", "16", "--sparsity", "2", ...args],
      ]);
      assert.match(stderr, message);
      assert.equal(code, expected, stderr);
    }
  }));
