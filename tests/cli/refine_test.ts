import assert from "node:assert/strict";
import { join } from "node:path";
import { openCodes } from "../../src/use/codes_reader.ts";
import { inDirectory } from "../directories.ts";
import { runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";

async function json(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("--refine lowers the error of a trained model's codes, and is kept where trained with", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "plain"), own = join(directory, "own");
    const training = [
      ...["train", SAMPLE, "--max-rows", "1500", "--atoms", "64"],
      ...["--sparsity", "6", "--passes", "2", "--device", "cpu"],
    ];
    const trained = await json(...training, "--out", model);
    const evaluated = (path: string, ...more: string[]) =>
      json("evaluate", path, "--device", "cpu", ...more)
        .then(({ metrics }) => metrics);
    const plain = await evaluated(model);
    const refined = await evaluated(model, "--refine", "2");
    assert(Math.abs(plain.fvu - trained.heldOut.fvu) < 1e-9);
    assert(refined.fvu < 0.995 * plain.fvu, `${refined.fvu}, ${plain.fvu}`);
    assert(refined.l0 <= plain.l0);

    const out = join(directory, "codes.parquet");
    const encode = ["encode", model, SAMPLE, "--max-rows", "100"];
    await json(...encode, "--out", out, "--refine", "2", "--device", "cpu");
    const codes = await openCodes(out, { atoms: 64, width: 100 });
    codes.close();
    assert.equal(codes.description!.coder!.refine, 2);

    const { config } = await json(...training, "--refine", "1", "--out", own);
    assert.equal(config.parameters?.refine ?? config.refine, 1);
    const asTrained = await evaluated(own);
    assert.deepEqual(await evaluated(own, "--refine", "1"), asTrained);
    assert(asTrained.fvu < (await evaluated(own, "--refine", "0")).fvu);
  });
});

Deno.test("--refine is refused where it cannot be, with what would do", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "mp");
    await json(
      ...["train", SAMPLE, "--max-rows", "300", "--atoms", "16"],
      ...["--sparsity", "2", "--passes", "1", "--device", "cpu"],
      ...["--coder", "mp", "--out", model],
    );
    for (
      const [args, message] of [
        [["train", SAMPLE, "--refine", "11"], /from 0 to 10/],
        [["train", SAMPLE, "--refine", "1", "--coder", "mp"], /leave it out/],
        [["evaluate", model, "--refine", "1"], /for --coder omp/],
        [["inspect", model, "--refine", "x"], /whole number/],
      ] as const
    ) {
      const { code, stderr } = await runCli([...args, "--device", "cpu"]);
      assert.equal(code, 2);
      assert.match(stderr, /--refine/);
      assert.match(stderr, message);
    }
  });
});
