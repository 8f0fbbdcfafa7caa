import assert from "node:assert/strict";
import { basename } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { DbksvdError } from "../../src/errors.ts";
import { loadModel } from "../../src/model/directory.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { pipelineHistory, pipelineStatus } from "../../src/pipeline/status.ts";
import { rollbackPipeline } from "../../src/pipeline/by_hand.ts";
import { DriftingData, noiseRows, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(1);

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}

Deno.test("runPipeline() takes drops as they come, refuses bad ones, keeps the better dictionary", async () => {
  await using pipeline = await TestPipeline.create({
    train: { atoms: 32, sparsity: 3, passes: 8, device: "cpu" },
    evaluation: { share: 0.1 },
  });
  const { folder, config } = pipeline;
  const link = async () =>
    basename(await Deno.realPath(pipeline.root("current")));

  writeDrop(pipeline.input("a.parquet"), data.drop(0, 1000));
  const first = await pipeline.run();
  assert.equal(first.outcome, "promoted");
  assert.deepEqual(first.files.taken, ["in/a.parquet"]);
  assert.deepEqual(first.rows, {
    new: 900,
    heldOut: 100,
    pending: 0,
    waited: 0,
    replayed: 0,
    visits: 8 * 900,
  });
  assert.equal(await link(), first.version);

  const idle = await pipeline.run();
  assert.equal(idle.outcome, "nothing");
  assert.equal(idle.files.unchanged, 1);
  assert.equal(idle.exitCode, 0);

  writeDrop(pipeline.input("b.parquet"), data.drop(1, 1000));
  await Deno.copyFile(
    pipeline.input("a.parquet"),
    pipeline.input("a2.parquet"),
  );
  await Deno.writeTextFile(
    pipeline.input("bad.parquet"),
    "PAR1, or so it says",
  );
  writeDrop(pipeline.input("wide.parquet"), noiseRows(1, 50, 8), 8);
  const second = await pipeline.run();
  assert.equal(second.outcome, "promoted");
  assert.equal(second.exitCode, 3);
  assert.deepEqual(second.files.taken, ["in/b.parquet"]);
  assert.deepEqual(second.files.duplicates, [
    { path: "in/a2.parquet", original: "in/a.parquet" },
  ]);
  assert.deepEqual(
    second.files.refused.map(({ path }) => path),
    ["in/bad.parquet", "in/wide.parquet"],
  );
  assert.match(second.files.refused[1].reason, /8 dimensions.*have 16/);
  assert.equal(second.rows.replayed, 900);
  assert(second.metrics!.candidate.fvu < second.metrics!.previous!.fvu * 1.005);

  writeDrop(pipeline.input("noise.parquet"), noiseRows(2, 1000));
  const third = await pipeline.run();
  assert.equal(third.outcome, "kept");
  assert(third.quarantined);
  assert.match(third.reason, /FVU on earlier drops rose by/);
  assert.equal(await link(), second.version);

  const status = await pipelineStatus(config, { base: folder });
  assert.equal(status.current, second.version);
  assert.deepEqual(status.files, { taken: 3, refused: 2, duplicate: 1 });
  assert.deepEqual(status.rows, {
    new: 2700,
    heldOut: 300,
    replayed: second.rows.replayed + third.rows.replayed,
    reservoir: 1800,
    pending: 0,
  });
  assert.deepEqual(status.quarantined, [third.run]);
  assert.deepEqual(status.pending, []);
  assert.equal(status.versions, 3);

  const back = await rollbackPipeline(config, { base: folder });
  assert.deepEqual(back, { version: first.version, previous: second.version });
  assert.equal(await link(), first.version);
  await assert.rejects(
    rollbackPipeline(config, { base: folder, to: "v999999" }),
    /no version "v999999"/,
  );
  const history = await pipelineHistory(config, { base: folder });
  assert.deepEqual(
    history.promotions.map(({ kind, version }) => [kind, version]),
    [
      ["promotion", first.version],
      ["promotion", second.version],
      ["rollback", first.version],
    ],
  );
  assert.deepEqual(
    history.versions.map(({ promoted }) => promoted),
    [true, true, false],
  );
});

Deno.test("runPipeline() writes whole versions: a model, its report, the drift of its atoms", async () => {
  await using pipeline = await TestPipeline.create();
  for (const day of [0, 1]) {
    writeDrop(pipeline.input(`${day}.parquet`), data.drop(day, 600));
    await pipeline.run();
  }
  const folder = pipeline.root("versions", "v000002");
  assert.deepEqual(await names(folder), [
    "config.json",
    "dictionary.safetensors",
    "drift.json",
    "metrics.jsonl",
    "report.html",
  ]);
  const { model, config } = await loadModel(folder);
  const parent = (await loadModel(pipeline.root("versions", "v000001"))).model;
  const drift = JSON.parse(await Deno.readTextFile(`${folder}/drift.json`));
  const atom = (of: Float32Array) => of.subarray(5 * 16, 6 * 16);
  const cosine = atom(model.dictionary).reduce(
    (sum, value, i) => sum + value * atom(parent.dictionary)[i],
    0,
  );
  assert.equal(drift.atoms.length, 32);
  assert(Math.abs(drift.atoms[5] - (1 - Math.abs(cosine))) < 1e-6);
  assert(config.heldOut!.fvu > 0);
  assert.match(
    await Deno.readTextFile(`${folder}/report.html`),
    /FVU over versions/,
  );
  assert.equal((await Deno.stat(`${folder}/config.json`)).mode! & 0o222, 0);
  const prometheus = await Deno.readTextFile(pipeline.root("metrics.prom"));
  assert.match(
    prometheus,
    /^dbksvd_pipeline_promotions_total\{pipeline="dbksvd"\} 2$/m,
  );
  assert.match(
    prometheus,
    /^dbksvd_pipeline_rows_total\{pipeline="dbksvd",kind="new"\} 1140$/m,
  );
});

Deno.test("runPipeline() comes to the same bytes from the same drops", async () => {
  const dictionaries: string[] = [];
  for (const idleRuns of [0, 1]) {
    await using pipeline = await TestPipeline.create();
    for (const day of [0, 1]) {
      writeDrop(pipeline.input(`${day}.parquet`), data.drop(day, 600));
      await pipeline.run();
      for (let i = 0; i < idleRuns; i++) await pipeline.run();
    }
    const { model } = await loadModel(pipeline.root("current"));
    dictionaries.push(model.dictionary.join());
  }
  assert.equal(dictionaries[0], dictionaries[1]);
});

Deno.test("runPipeline() calibrates the threshold of rows that share their nonzeros for the dictionary that it keeps", async () => {
  await using pipeline = await TestPipeline.create({
    train: {
      ...{ atoms: 32, sparsity: 3, passes: 3, device: "cpu" },
      maxSparsity: 6,
    },
  });
  const drops = [0, 30].map((day) => data.drop(day, 1000));
  const notices: string[] = [];
  for (const [i, drop] of drops.entries()) {
    writeDrop(pipeline.input(`${i}.parquet`), drop);
    await pipeline.run({
      log: ({ event, notice }) => {
        if (event === "train.notice") notices.push(String(notice));
      },
    });
  }
  const folder = pipeline.root("versions", "v000002");
  const { model, config } = await loadModel(folder);
  const { threshold, l0, rows, on } = config.calibration!;
  assert.equal(model.coder.threshold, threshold);
  assert.deepEqual([on, rows], ["training", 1900]);
  // What was calibrated for the trained one is not the last word.
  assert.match(
    notices.at(-1)!,
    new RegExp(
      `over 1 900 training rows, at a threshold of ${threshold.toPrecision(4)}`,
    ),
  );
  const all = Float32Array.from(drops.flatMap((drop) => [...drop]));
  const { metrics } = await evaluate(model, rowsFromArray(all, 16), {
    createEngine: createReferenceEngine,
  });
  // Those held out are among them; the dictionary before it was averaged would be off by .02.
  assert(l0 <= 3 && l0 > 2.99, `${l0}`);
  assert(Math.abs(metrics.l0 - l0) < 0.012, `${metrics.l0} for ${l0}`);
});

Deno.test("runPipeline() removes the versions that retention does not keep", async () => {
  await using pipeline = await TestPipeline.create({
    retention: { versions: 2 },
  });
  for (let day = 0; day < 4; day++) {
    writeDrop(pipeline.input(`${day}.parquet`), data.drop(day, 400));
    await pipeline.run();
  }
  const { config, folder } = pipeline;
  const { versions } = await pipelineHistory(config, { base: folder });
  const kept = versions.filter(({ removed }) => removed === null)
    .map(({ version }) => version);
  assert.deepEqual(await names(pipeline.root("versions")), kept);
  assert(
    kept.includes(basename(await Deno.realPath(pipeline.root("current")))),
  );
  assert.equal(versions.length, 4);
  assert(kept.length < 4);
});

Deno.test("runPipeline() records a failed run and takes its files with the next", async () => {
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  const failing = pipeline.run({
    createEngine: () => {
      throw new DbksvdError("device", "No usable GPU");
    },
  });
  await assert.rejects(failing, /No usable GPU/);
  const { config, folder } = pipeline;
  const { lastRun } = await pipelineStatus(config, { base: folder });
  assert.equal(lastRun!.state, "failed");
  assert.equal(lastRun!.reason, "No usable GPU");
  const run = await pipeline.run();
  assert.deepEqual(run.files.taken, ["in/a.parquet"]);
  assert.deepEqual(await names(pipeline.root("held-out")), ["000002.f32"]);
});

Deno.test("runPipeline() refuses to run beside itself, and stops at a signal", async () => {
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  const stop = new AbortController();
  let refused = 0;
  await assert.rejects(pipeline.run({
    signal: stop.signal,
    createEngine: async (spec) => {
      await assert.rejects(pipeline.run(), /in use/);
      refused++;
      stop.abort();
      return await createReferenceEngine(spec);
    },
  }));
  assert.equal(refused, 1);
  const { config, folder } = pipeline;
  const { lastRun } = await pipelineStatus(config, { base: folder });
  assert.equal(lastRun!.state, "interrupted");
  assert.equal((await pipeline.run()).outcome, "promoted");
});

Deno.test("runPipeline() writes promoted versions in the formats asked for, within the version", async () => {
  await using pipeline = await TestPipeline.create({
    exports: [
      { format: "saelens-mp" },
      { format: "sparsify", steps: 7, fixedAtoms: true },
    ],
  });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  const run = await pipeline.run();
  assert.equal(run.outcome, "promoted");
  assert.deepEqual(
    await names(pipeline.root("versions", run.version!, "exports")),
    ["saelens-mp", "sparsify"],
  );
  const sae = pipeline.root("current", "exports", "saelens-mp");
  assert((await names(sae)).includes("cfg.json"));
  const text = await Deno.readTextFile(
    pipeline.root("current", "exports", "sparsify", "cfg.json"),
  );
  const { fit } = JSON.parse(text).metadata.dbksvd;
  assert.equal(fit.steps, 7);
  assert.equal(fit.fixedAtoms, true);
});
