import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";
const ROWS = [SAMPLE, "--max-rows", "300"];
const CPU = ["--device", "cpu"];
const NOTICE = /trained on rows scaled to length 1, these are as they are/;

async function run(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, "--json"]);
  assert.equal(code, 0, stderr);
  return { document: JSON.parse(stdout), stderr };
}

Deno.test("what comes of a model of rows of length 1 says so, and where rows are not of that length", async () => {
  await inDirectory(async (directory) => {
    const [plain, model] = ["plain", "scaled"].map((one) =>
      join(directory, one)
    );
    const training = [
      ...["train", ...ROWS, "--atoms", "16", "--sparsity", "2"],
      ...["--passes", "1", ...CPU],
    ];
    await run(...training, "--out", plain);
    await run(...training, "--out", model, "--unit-norm");
    for (const command of ["evaluate", "inspect"]) {
      assert.match((await run(command, model, ...ROWS, ...CPU)).stderr, NOTICE);
      const scaled = await run(command, model, ...ROWS, "--unit-norm", ...CPU);
      assert.doesNotMatch(scaled.stderr, NOTICE);
      const other = await run(command, plain, ...ROWS, ...CPU);
      assert.doesNotMatch(other.stderr, NOTICE);
    }

    const codes = join(directory, "codes.parquet");
    const encode = ["encode", model, ...ROWS, "--out", codes, ...CPU];
    const out = join(directory, "rows.parquet");
    const decode = ["decode", model, codes, "--out", out, "--overwrite"];
    assert.match((await run(...encode)).stderr, NOTICE);
    assert.doesNotMatch((await run(...decode)).stderr, /length 1/);
    const scaled = await run(...encode, "--unit-norm", "--overwrite");
    assert.doesNotMatch(scaled.stderr, NOTICE);
    assert.match((await run(...decode)).stderr, /codes are of rows scaled/);

    const lostBy = async (of: string, format: string) => {
      const sae = join(directory, `${format}-${of === model}`);
      const args = ["--format", format, "--out", sae, ...CPU];
      return (await run("export", of, ...args)).document.lost.join();
    };
    for (const format of ["saebench", "saelens-mp"]) {
      assert.match(await lostBy(model, format), /rows scaled to length 1/);
      assert.doesNotMatch(await lostBy(plain, format), /length 1/);
    }
  });
});
