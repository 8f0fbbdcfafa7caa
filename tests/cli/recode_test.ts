import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { writeClassedRows } from "../probing/classed_rows.ts";
import { runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";
const ROWS = [SAMPLE, "--max-rows", "1500"];
const CPU = ["--device", "cpu"];

async function json(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("evaluate --recode sets an autoencoder's decoder, coded by pursuit, beside its own encoder", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "model");
    await json(
      ...["train", ...ROWS, "--atoms", "64", "--sparsity", "5"],
      ...["--passes", "2", "--out", model, ...CPU],
    );
    const sae = (format: string) => join(directory, format);
    for (const format of ["saelens-topk", "saelens-jumprelu"]) {
      const { fit, latents } = await json(
        ...["export", model, "--format", format, "--steps", "30"],
        ...["--out", sae(format), ...CPU],
      );
      assert.equal(fit.steps, 30);
      assert.equal(latents, 64);
    }
    const evaluated = (format: string, ...more: string[]) =>
      json("evaluate", sae(format), ...ROWS, "--recode", ...more, ...CPU);
    for (const format of ["saelens-topk", "saelens-jumprelu"]) {
      const { models: [own, recoded] } = await evaluated(format);
      assert.equal(own.model, sae(format));
      assert.equal(recoded.model, `${sae(format)}, re-coded`);
      assert(recoded.metrics.fvu < own.metrics.fvu);
      // As many nonzeros: k, or the mean of those above the threshold.
      const { l0 } = own.metrics;
      assert(Math.abs(recoded.metrics.l0 - l0) < 0.6, `${l0}`);
      assert.match(recoded.coder, /OMP, k = \d+, selection ridge 0.3/);
    }
    // The dial is the re-coded one's.
    const [plain, exact] = await Promise.all([
      evaluated("saelens-topk"),
      evaluated("saelens-topk", "--selection-ridge", "0"),
    ]);
    assert.deepEqual(exact.models[0], plain.models[0]);
    assert(exact.models[1].metrics.fvu < plain.models[1].metrics.fvu);
    assert.equal(exact.models[1].coder, "OMP, k = 5");
    const { code, stderr } = await runCli([
      ...["evaluate", model, ...ROWS, "--recode", ...CPU],
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /There is no autoencoder to re-code/);
  });
});

Deno.test("probe --recode probes an autoencoder by its own encoder and re-coded", async () => {
  await inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const model = join(directory, "model"), sae = join(directory, "sae");
    writeClassedRows(rows);
    await json(
      ...["train", rows, "--atoms", "60", "--sparsity", "3", "--passes", "2"],
      ...["--out", model, ...CPU],
    );
    await json(
      ...["export", model, "--format", "sparsify", "--steps", "30"],
      ...["--out", sae, ...CPU],
    );
    const { models } = await json(
      ...["probe", sae, rows, "--class", "topic", "--min-rows", "50"],
      ...["--baselines", "random", "--recode", ...CPU],
    );
    const [own, recoded, random] = models;
    assert.equal(own.model, sae);
    assert.equal(recoded.model, `${sae}, re-coded`);
    assert(own.accuracy["5"] > random.accuracy["5"]);
    assert(recoded.accuracy["5"] > random.accuracy["5"]);
    assert.notDeepEqual(recoded.accuracy, own.accuracy);
  });
});
