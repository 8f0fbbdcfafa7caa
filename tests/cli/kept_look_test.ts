import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";

Deno.test("inspect never shows what it kept of the same file read otherwise", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "model");
    const run = async (...args: string[]) => {
      const done = await runCli([...args, "--device", "cpu", "--json"]);
      assert.equal(done.code, 0, done.stderr);
      return JSON.parse(done.stdout);
    };
    await run(
      ...["train", SAMPLE, "--max-rows", "300", "--atoms", "16"],
      ...["--sparsity", "2", "--passes", "1", "--out", model],
      ...["--unit-norm", "--where", '{"word": {"$ne": "the"}}'],
    );
    const look = (...args: string[]) => run("inspect", model, ...args);
    const all = ["--max-rows", "300"];
    const ways = [
      await look(),
      await look(SAMPLE, ...all),
      await look(SAMPLE, ...all, "--unit-norm"),
      await look(SAMPLE, "--max-rows", "200"),
    ];
    const shown = ways.map(({ atoms }) => JSON.stringify(atoms));
    assert.equal(new Set(shown).size, ways.length);
    assert.deepEqual(await look(), ways[0]);
  });
});
