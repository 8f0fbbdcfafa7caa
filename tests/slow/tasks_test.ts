import assert from "node:assert/strict";
import { join } from "node:path";
import { failing, json, ROOT, SAMPLE, task } from "./tasks.ts";

const folder = await Deno.makeTempDir();
const model = join(folder, "model");
const TRAINING = [
  "train",
  "samples/*.parquet",
  ...["--max-rows", "600", "--atoms", "32", "--sparsity", "4", "--passes", "2"],
  ...["--device", "cpu", "--out", model],
];

Deno.test("the tasks do what a user wants with a model, on their own permissions", async (t) => {
  await t.step("train writes the model directory and its summary", async () => {
    const summary = await json(...TRAINING);
    assert.equal(summary.model, model);
    assert.equal(summary.rows, 540);
    assert.equal(summary.passes, 2);
    assert.equal(summary.device.kind, "cpu");
    assert.equal(summary.heldOut.rows, 60);
    assert(summary.heldOut.fvu > 0 && summary.heldOut.fvu < 1);
    const files = [...Deno.readDirSync(model)].map(({ name }) => name).sort();
    assert.deepEqual(files, [
      "config.json",
      "dictionary.safetensors",
      "metrics.jsonl",
      "report.html",
    ]);
  });

  await t.step("evaluate finds the held-out rows again", async () => {
    const config = JSON.parse(
      await Deno.readTextFile(join(model, "config.json")),
    );
    const { rows, metrics } = await json("evaluate", model, "--device", "cpu");
    assert.equal(rows, 60);
    assert(Math.abs(metrics.fvu - config.heldOut.fvu) < 1e-9);
  });

  await t.step("evaluate puts several models side by side", async () => {
    const { models } = await json(
      ...["evaluate", model, model, SAMPLE, "--max-rows", "100"],
      ...["--device", "cpu"],
    );
    assert.equal(models.length, 2);
    assert.deepEqual(models[0].metrics, models[1].metrics);
  });

  await t.step("encode and decode go to codes and back", async () => {
    const codes = join(folder, "codes.parquet");
    const rows = join(folder, "rows.parquet");
    const encoded = await json(
      ...["encode", model, SAMPLE, "--max-rows", "100", "--keep", "word"],
      ...["--out", codes, "--device", "cpu"],
    );
    assert.equal(encoded.model, model);
    assert.equal(encoded.out, codes);
    assert.equal(encoded.rows, 100);
    const decoded = await json("decode", model, codes, "--out", rows);
    assert.equal(decoded.rows, 100);
    const { metrics } = await json("evaluate", model, rows, "--device", "cpu");
    assert(
      metrics.fvu < 1e-3,
      "decoded rows are within the dictionary's reach",
    );
  });

  await t.step(
    "share shows what would go to the hub, and sends nothing",
    async () => {
      const { files, sent } = await json("share", model, "--repo", "me/words");
      assert.equal(sent, false);
      assert(files.some(({ path }: { path: string }) => path === "README.md"));
    },
  );

  await t.step("inspect shows words, and writes the browser", async () => {
    const html = join(folder, "atoms.html");
    const { rows, atoms } = await json(
      ...["inspect", model, "--text", "word", "--html", html],
      ...["--device", "cpu"],
    );
    assert.equal(rows, 600);
    assert.equal(atoms.length, 32);
    assert.match(atoms[0].top[0].text, /\p{L}/u);
    assert.match(await Deno.readTextFile(html), /^<!doctype html>/);
    const search = ["inspect", model, "--search", "a", "--device", "cpu"];
    const { stdout } = await task(...search);
    assert.equal(stdout.trimEnd().split("\n").length, 1 + 20, stdout);
  });

  await t.step("label lists names, and sends nothing by itself", async () => {
    assert.deepEqual((await json("label", model)).labels, {});
    const { sent, planned, host } = await json(
      ...["label", model, "--explain", "https://host.invalid/v1"],
      ...["--explain-model", "m", "--device", "cpu"],
    );
    assert.deepEqual([sent, host], [false, "host.invalid"]);
    assert(planned.latents > 0 && planned.requests >= planned.latents);
  });

  await t.step(
    "export writes what evaluate reads as another tool's",
    async () => {
      const sae = join(folder, "sae");
      const { latents, metrics } = await json(
        ...["export", model, "--format", "saelens-mp", "--out", sae],
        ...["--device", "cpu"],
      );
      assert.equal(latents, 64);
      assert(metrics.exact.fvu <= metrics.exported.fvu);
      const { models } = await json(
        ...["evaluate", model, sae, SAMPLE, "--max-rows", "50"],
        ...["--device", "cpu"],
      );
      assert.deepEqual(
        models.map(({ model }: { model: string }) => model),
        [model, sae],
      );
    },
  );

  await t.step("compare finds a model equal to itself", async () => {
    const { mmcs } = await json("compare", model, model);
    assert(Math.abs(mmcs - 1) < 1e-6);
  });

  await t.step(
    "train again is refused where the model is another",
    async () => {
      const line = await failing(2, ...TRAINING, "--seed", "1");
      assert.match(line, /holds another model .*--overwrite/);
    },
  );

  await t.step(
    "train again with the same words replaces the model",
    async () => {
      const before = await Deno.readFile(join(model, "dictionary.safetensors"));
      await json(...TRAINING);
      const after = await Deno.readFile(join(model, "dictionary.safetensors"));
      assert.deepEqual(after, before);
    },
  );

  await t.step(
    "train --like repeats a model's training, to the same bytes",
    async () => {
      const again = join(folder, "again");
      const device = ["--device", "cpu"];
      await json("train", "--like", model, "--out", again, ...device);
      assert.deepEqual(
        await Deno.readFile(join(again, "dictionary.safetensors")),
        await Deno.readFile(join(model, "dictionary.safetensors")),
      );
    },
  );

  await Deno.remove(folder, { recursive: true });
});

Deno.test("the pipeline task takes inputs in once, and tells how it stands", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(join(folder, "in"));
  await Deno.copyFile(new URL(SAMPLE, ROOT), join(folder, "in", "a.parquet"));
  const config = join(folder, "pipeline.json");
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      inputs: ["in/*.parquet"],
      root: "pipe",
      // The copy is whole.
      settle: 0,
      train: { atoms: 32, sparsity: 4, passes: 1, device: "cpu" },
    }),
  );
  const run = await json("pipeline", "run", config, "--quiet");
  assert.equal(run.outcome, "promoted");
  const again = await json("pipeline", "run", config, "--quiet");
  assert.equal(again.outcome, "nothing");
  const status = await json("pipeline", "status", config);
  assert.equal(status.current, run.version);
  const { runs } = await json("pipeline", "history", config);
  assert.equal(runs.length, 2);
  const line = await failing(2, "pipeline", "rollback", config);
  assert.match(line, /^dbksvd pipeline rollback: /);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the synthesize and sweep tasks make data and compare sizes on them", async () => {
  const folder = await Deno.makeTempDir();
  const rows = join(folder, "x.parquet");
  const made = await json(
    ...["synthesize", "--out", rows, "--rows", "300", "--width", "8"],
    ...["--atoms", "16", "--sparsity", "2"],
  );
  assert.equal(made.rows, 300);
  const out = join(folder, "sweep");
  const { runs } = await json(
    ...["sweep", rows, "--atoms", "8,16", "--sparsity", "1,2"],
    ...["--passes", "2", "--device", "cpu", "--out", out],
  );
  assert.equal(runs.length, 4);
  assert(runs[3].fvu < runs[0].fvu);
  assert.match(await Deno.readTextFile(join(out, "report.html")), /FVU over/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the bench task times the reading of a file", async () => {
  const { files } = await json(
    ...["bench", "rows", SAMPLE, "--workers", "1", "--repeats", "1"],
  );
  assert.equal(files.length, 1);
  assert(files[0].megabytesPerSecond > 0);
});

Deno.test("doctor tells the adapter and what is amiss", async () => {
  const { ok, problems } = await json("doctor");
  assert.equal(typeof ok, "boolean");
  for (const { what, mend } of problems) assert(what !== "" && mend !== "");
});
