import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { runCli } from "./fake_io.ts";

const SIZE = ["--rows", "300", "--width", "8", "--atoms", "16"];
const TRAIN = [
  ...["--atoms", "8", "--sparsity", "2", "--passes", "1", "--device", "cpu"],
];
const OTHER = /rows\.parquet is not what the model was trained on/;

async function run(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, "--json"]);
  return { code, stdout, stderr };
}

Deno.test("other rows in the place of a training's are no training's rows: measuring refuses them, looking says so", async () => {
  await inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const write = (out: string, seed: string) =>
      run("synthesize", "--out", out, ...SIZE, "--seed", seed);
    const model = join(directory, "model");
    const evaluate = ["evaluate", model, "--device", "cpu"];
    const inspect = ["inspect", model, "--device", "cpu"];
    await write(rows, "1");
    const trained = await run("train", rows, ...TRAIN, "--out", model);
    assert.equal(trained.code, 0, trained.stderr);
    const same = await run(...evaluate);
    assert.equal(same.code, 0, same.stderr);
    assert.doesNotMatch((await run(...inspect)).stderr, OTHER);

    const report = () => Deno.readTextFile(join(model, "report.html"));
    const copy = join(directory, "copy.parquet");
    await Deno.copyFile(rows, copy);
    const copied = await run(...evaluate, "--input", copy, "--held-out");
    assert.equal(copied.code, 0, copied.stderr);
    assert.equal(copied.stderr.includes("is not what"), false);
    await run(...evaluate, "--input", copy);
    assert.match(await report(), /copy\.parquet \(training rows among them\)/);

    await run(...evaluate, "--input", copy, "--unit-norm");
    assert.match(await report(), /among them\), with --unit-norm/);
    await run(...evaluate, "--unit-norm");
    assert.match(await report(), /held-out rows, with another --unit-norm/);
    await run(...evaluate);
    assert.doesNotMatch(await report(), /with another/);

    await Deno.remove(rows);
    await write(rows, "2");
    const other = await run(...evaluate);
    assert.equal(other.code, 3);
    assert.match(
      other.stdout,
      /training's rows are not there any more .*rows.*--held-out where/,
    );
    assert.match((await run(...inspect)).stderr, OTHER);
    const named = await run(...evaluate, "--input", rows, "--held-out");
    assert.equal(named.code, 0, named.stderr);
    assert.match(named.stderr, OTHER);
  });
});
