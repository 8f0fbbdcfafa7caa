import assert from "node:assert/strict";
import { join } from "node:path";
import { openCodes } from "../../src/use/codes_reader.ts";
import { loadModel } from "../../src/model/directory.ts";
import { inDirectory } from "../directories.ts";
import { runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";
const TRAINING = [
  ...["train", SAMPLE, "--max-rows", "1500", "--atoms", "80"],
  ...["--sparsity", "6", "--passes", "2", "--device", "cpu"],
];

async function json(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, "--json"]);
  assert.equal(code, 0, stderr);
  return { ...JSON.parse(stdout), stderr };
}

Deno.test("--for probing says what it stands for, keeps it in the model, and every command codes by it", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "model");
    const trained = await json(
      ...TRAINING,
      ...["--for", "probing", "--group-weight", "1.5", "--out", model],
    );
    assert.match(
      trained.stderr,
      /--for probing stands for --matryoshka probing --nonnegative/,
    );
    const words = "joint OMP, k = 6, selection ridge 0.3, group weight 1.5";
    assert.equal(trained.coder, words);
    const { model: { coder, groups }, config } = await loadModel(model);
    assert.deepEqual(groups, [32, 48]);
    assert.deepEqual(coder.groupSparsity, [3, 3]);
    assert.equal(coder.nonnegative, false);
    assert.equal(config.parameters.nonnegative, true);
    assert.equal(config.parameters.selectionRidge, 0.3);

    const evaluate = (...more: string[]) =>
      json("evaluate", model, "--device", "cpu", ...more);
    const asTrained = await evaluate();
    assert.equal(asTrained.coder, words);
    assert(Math.abs(asTrained.metrics.fvu - trained.heldOut.fvu) < 1e-9);
    const plain = await evaluate(
      ...["--selection-ridge", "0", "--group-weight", "1"],
      ...["--candidates", "signed"],
    );
    assert.equal(plain.coder, "joint OMP, k = 6");
    assert(plain.metrics.fvu < asTrained.metrics.fvu);
    const grouped = await evaluate(
      ...["--selection-ridge", "0", "--group-weight", "1"],
      ...["--candidates", "signed", "--coding", "groups"],
    );
    assert.equal(grouped.coder, "OMP, k = 6 (3 + 3)");
    assert(grouped.metrics.fvu > plain.metrics.fvu);

    const out = join(directory, "codes.parquet");
    const encode = ["encode", model, SAMPLE, "--max-rows", "100"];
    const done = await json(...encode, "--out", out, "--device", "cpu");
    assert.equal(done.coder, words);
    const codes = await openCodes(out, { atoms: 80, width: 100 });
    codes.close();
    assert.equal(codes.description!.coder!.selectionRidge, 0.3);
    const looked = await json(
      ...["inspect", model, "--by", "code", "--device", "cpu"],
    );
    assert.deepEqual([looked.by, looked.coder], ["code", words]);
  });
});

Deno.test("inspect goes by activations, by codes where options say how to code, and --row by codes", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "model");
    await json(...TRAINING, "--out", model);
    const inspect = (...more: string[]) =>
      json("inspect", model, "--device", "cpu", ...more);
    const plain = await inspect();
    assert.equal(plain.by, "activation");
    assert.match(plain.coder, /^the 6 largest correlations of a row$/);
    const asked = await inspect("--by", "activation");
    assert.deepEqual(asked.atoms, plain.atoms);
    const ridge = await inspect("--selection-ridge", "0.3");
    assert.deepEqual([ridge.by, ridge.coder], [
      "code",
      "OMP, k = 6, selection ridge 0.3",
    ]);
    const positive = await inspect(
      ...["--by", "activation", "--candidates", "positive"],
    );
    assert.match(positive.coder, /positive correlations/);
    const row = await inspect("--row", "3");
    assert.deepEqual([row.by, typeof row.residual], ["code", "number"]);
    const shown = await inspect("--row", "3", "--by", "activation");
    assert.deepEqual([shown.by, shown.residual], ["activation", undefined]);
    const text = await runCli([
      ...["inspect", model, "--row", "3", "--by", "activation"],
      ...["--device", "cpu"],
    ]);
    assert.match(
      text.stdout,
      /^Row .*: its largest activations\natom +value\b/,
    );
    const out = join(directory, "codes.parquet");
    for (
      const args of [
        ["inspect", model, "--by", "activation"],
        ["encode", model, SAMPLE, "--out", out, "--activations", "5"],
      ]
    ) {
      const refused = await runCli([...args, "--refine", "1"]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /--refine is for codes/);
    }
  });
});

Deno.test("--max-sparsity lets rows share their nonzeros: kept in the model, coded by, said, and set aside by --threshold", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "model");
    const trained = await json(
      ...TRAINING,
      ...["--max-sparsity", "12", "--out", model],
    );
    assert.match(
      trained.coder,
      /^OMP, k = 6 on average, 12 a row at most, threshold \d/,
    );
    assert.match(trained.stderr, /on average over 150 held-out rows/);
    const { config, model: { coder } } = await loadModel(model);
    assert.equal(config.calibration!.threshold, coder.threshold);
    const evaluate = (...more: string[]) =>
      json("evaluate", model, "--device", "cpu", ...more);
    const shared = await evaluate();
    assert.equal(shared.coder, trained.coder);
    assert(Math.abs(shared.metrics.l0 - 6) < 0.05, `${shared.metrics.l0}`);
    assert(shared.metrics.l0_std > 0.5);
    const own = await evaluate("--threshold", "0");
    assert.equal(own.coder, "OMP, k = 6");
    assert.equal(own.metrics.l0, 6);
    assert.equal(own.metrics.l0_std, undefined);
    assert(own.metrics.fvu > shared.metrics.fvu);
    const higher = await evaluate("--threshold", "3", "--max-sparsity", "7");
    assert(higher.metrics.l0 < shared.metrics.l0);
    const mean = higher.metrics.l0.toFixed(2);
    const said = `OMP, 7 a row at most, threshold 3, L0 ${mean}`;
    assert.equal(higher.coder, said);
    const { stdout } = await runCli(
      ["evaluate", model, "--device", "cpu", "--threshold", "3"]
        .concat("--max-sparsity", "7"),
    );
    assert(stdout.startsWith(`${model}: ${said}\n`), stdout);
    const report = await Deno.readTextFile(join(model, "report.html"));
    assert(report.includes(`Metrics on held-out rows, coded by ${said}`));
    const same = await evaluate("--threshold", `${coder.threshold}`);
    assert.equal(same.coder, trained.coder);
    const again = await evaluate("--max-sparsity", "11");
    assert.match(again.coder, /^OMP, 11 a row at most, .*, L0 5\.\d\d$/);

    const out = join(directory, "codes.parquet");
    await json(
      ...["encode", model, SAMPLE, "--max-rows", "300"],
      ...["--out", out, "--device", "cpu"],
    );
    const codes = await openCodes(out, { atoms: 80, width: 100 });
    let most = 0;
    for await (const { codes: { sparsity } } of codes.batches()) {
      most = Math.max(most, sparsity);
    }
    codes.close();
    assert.equal(codes.description!.coder!.threshold, coder.threshold);
    assert(most > 6 && most <= 12, `${most}`);
    const sae = join(directory, "sae");
    const done = await json(
      ...["export", model, "--format", "saelens-mp", "--out", sae],
      ...["--device", "cpu"],
    );
    assert.deepEqual(done.lost, ["nonzeros shared among rows"]);
  });
});

Deno.test("an export says what of the choice of atoms it has no place for", async () => {
  await inDirectory(async (directory) => {
    const model = join(directory, "model"), out = join(directory, "sae");
    const dial = ["--matryoshka", "16,rest", "--group-sparsity", "4,2"];
    await json(
      ...TRAINING,
      ...[...dial, "--selection-ridge", "0.1", "--out", model],
    );
    const args = ["export", model, "--format", "saelens-mp", "--out", out];
    const done = await json(...args, "--device", "cpu");
    assert.deepEqual(done.lost, ["coding by groups", "selection ridge 0.1"]);
    const cfg = JSON.parse(await Deno.readTextFile(join(out, "cfg.json")));
    assert.equal(
      cfg.metadata.dbksvd.coding,
      "OMP, k = 6 (4 + 2), selection ridge 0.1",
    );
  });
});
