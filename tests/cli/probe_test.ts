import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { writeClassedRows } from "../probing/classed_rows.ts";
import { runCli } from "./fake_io.ts";

async function ran(...args: string[]) {
  const { code, stdout, stderr } = await runCli(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

Deno.test("probe tells a trained model's classes, and names its atoms but for those that have a name", async () => {
  await inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    const model = join(directory, "model");
    writeClassedRows(rows);
    await ran(
      ...[
        "train",
        rows,
        "--atoms",
        "60",
        "--sparsity",
        "3",
        "--holdout",
        "0.4",
      ],
      ...["--device", "cpu", "--out", model],
    );
    const probe = [
      ...["probe", model, "--class", "topic", "--device", "cpu"],
      ...["--min-rows", "50"],
    ];
    const text = await ran(...probe);
    assert.match(text, /1 latent +2 latents +5 latents +dense/);
    assert.match(text, /60 random rows, k = 3/);
    assert.match(text, /topic: topic 2 /);
    assert.match(text, /rows without a label/);
    const report = await Deno.readTextFile(join(model, "report.html"));
    assert.match(report, /What latents tell of classes/);
    assert.match(report, /topic: topic 2<\/th>/);
    await ran("evaluate", model, "--device", "cpu");
    assert.match(
      await Deno.readTextFile(join(model, "report.html")),
      /What latents tell of classes/,
    );
    const found = JSON.parse(await ran(...probe, "--suggest", "--json"));
    assert.equal(found.rows, 1200);
    const [trained, random] = found.models;
    assert(trained.accuracy["1"] > random.accuracy["1"] + 0.1);
    const [one, other] = Object.entries(found.suggested) as [
      string,
      { label: string; f1: number }[],
    ][];
    const page = await ran(
      ...["inspect", model, "--device", "cpu", "--atom", one[0]],
    );
    assert.match(page, /Classes it tells/);
    await ran("inspect", model, "--label", `${one[0]}=my own`);
    await ran(...probe, "--write-labels");
    const labels = JSON.parse(
      await Deno.readTextFile(join(model, "labels.json")),
    );
    assert.equal(labels[one[0]], "my own");
    const { label, source, score } = labels[other[0]];
    assert.equal(label, other[1][0].label);
    assert.equal(source, "probe");
    assert.equal(score, other[1][0].f1);
    assert.match(await ran(...probe), new RegExp(`\\(${label}\\)`));
  });
});

Deno.test("probe refuses what cannot be, with what would do", async () => {
  for (
    const [args, code, message] of [
      [["samples/glove-10k.parquet"], 2, /--class/],
      [["no-model", "--class", "x"], 3, /no-model/],
      [["a", "--class", "x", "--test-share", "1"], 2, /--test-share/],
      [["a", "b", "--input", "c", "--class", "x", "--suggest"], 2, /--suggest/],
      [["a", "--class", "x", "--baselines", "none"], 2, /raw, pca/],
    ] as const
  ) {
    const ran = await runCli(["probe", ...args]);
    assert.equal(ran.code, code, ran.stderr);
    assert.match(ran.stderr, message);
  }
});
