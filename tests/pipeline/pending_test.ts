import assert from "node:assert/strict";
import { releaseDrop } from "../../src/pipeline/by_hand.ts";
import { pipelineHistory, pipelineStatus } from "../../src/pipeline/status.ts";
import { runCli } from "../cli/fake_io.ts";
import { DriftingData, noiseRows, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(3);
const ATOMS = 32;

/** A pipeline whose first drop is taken. */
async function begun(rows = 2000) {
  const pipeline = await TestPipeline.create({
    train: { atoms: ATOMS, sparsity: 3, passes: 2, device: "cpu" },
    evaluation: { share: 0.1 },
  });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, rows));
  assert.equal((await pipeline.run()).outcome, "promoted");
  const status = () =>
    pipelineStatus(pipeline.config, { base: pipeline.folder });
  return { pipeline, status };
}

Deno.test("rows too few to judge by wait, are reported, and enter once there are ten an atom", async () => {
  const { pipeline: made, status } = await begun();
  await using pipeline = made;
  let day = 1;
  const nightly = async (rows: number) => {
    writeDrop(pipeline.input(`b${day}.parquet`), data.drop(day, rows));
    day++;
    return await pipeline.run();
  };
  let waiting = 0, rows = 0;
  for (const count of [1, 2, 5, 10, 80, 150]) {
    const run = await nightly(count);
    rows += count;
    assert.equal(run.outcome, "pending", `drop of ${count}: ${run.reason}`);
    assert(!run.quarantined);
    assert.equal(run.exitCode, 0);
    waiting += run.rows.new;
    assert.equal(run.rows.pending, waiting);
    assert.match(run.reason, /rows? waits? until there are 320, 10 an atom/);
  }
  const { rows: reported, pendingSince } = await status();
  assert.equal(reported.pending, waiting);
  assert(pendingSince !== null);
  assert.equal((await pipeline.run()).outcome, "nothing");

  const enough = await nightly(200);
  rows += 200;
  assert.notEqual(enough.outcome, "pending");
  assert(!enough.quarantined);
  assert.equal(enough.rows.waited, waiting);
  assert.equal(enough.rows.pending, 0);
  assert.equal((await status()).pendingSince, null);
  const after = (await status()).rows;
  assert.equal(after.new + after.heldOut, 2000 + rows);
  // All rows but the held-out ones have been offered to the reservoir.
  assert.equal(after.reservoir, after.new);
});

Deno.test("rows that have waited for 30 days are trained on, with replay; files that are gone lose none", async () => {
  const { pipeline: made } = await begun();
  await using pipeline = made;
  const file = pipeline.input("b.parquet");
  writeDrop(file, data.drop(1, 40));
  const first = await pipeline.run({ now: () => new Date("2026-01-01") });
  assert.equal(first.outcome, "pending");
  await Deno.remove(file);
  const before = await pipeline.run({ now: () => new Date("2026-01-30") });
  assert.equal(before.outcome, "nothing");
  assert.equal(before.rows.pending, first.rows.new);
  const due = await pipeline.run({ now: () => new Date("2026-02-01") });
  assert(["promoted", "kept"].includes(due.outcome));
  assert.equal(due.rows.waited, first.rows.new);
  assert(due.rows.replayed > 0);
  assert(!due.quarantined);
});

Deno.test("a changed file takes its waiting rows along", async () => {
  await using pipeline = await TestPipeline.create({ changedFiles: "train" });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 1000));
  await pipeline.run();
  writeDrop(pipeline.input("b.parquet"), data.drop(1, 40));
  assert.equal((await pipeline.run()).rows.pending, 38);
  writeDrop(pipeline.input("b.parquet"), data.drop(2, 60));
  const run = await pipeline.run();
  assert.equal(run.rows.pending, run.rows.new);
});

Deno.test("a first drop with fewer rows than atoms waits as well", async () => {
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 20));
  assert.equal((await pipeline.run()).outcome, "pending");
  writeDrop(pipeline.input("b.parquet"), data.drop(0, 600));
  const run = await pipeline.run();
  assert.equal(run.outcome, "promoted");
  assert.equal(run.rows.waited, 19);
});

Deno.test("quarantine is named with its bound, stands in the history, and is lifted by release", async () => {
  const { pipeline: made, status } = await begun();
  await using pipeline = made;
  writeDrop(pipeline.input("noise.parquet"), noiseRows(1, 3000));
  const noise = await pipeline.run();
  assert(noise.quarantined, noise.reason);
  assert.match(noise.reason, /with 95% confidence, by 200 held-out rows/);
  assert.deepEqual((await status()).quarantined, [noise.run]);
  const { config, folder: base } = pipeline;
  await assert.rejects(
    releaseDrop(config, 1, { base }),
    /Drop 1 is in no quarantine/,
  );
  const released = await releaseDrop(config, noise.run, { base });
  assert.deepEqual(released.files, ["in/noise.parquet"]);
  assert.deepEqual(released.missing, []);
  assert.deepEqual((await status()).quarantined, []);
  const again = await pipeline.run();
  assert.deepEqual(again.files.taken, ["in/noise.parquet"]);
  assert(!again.quarantined);
  const { events } = await pipelineHistory(config, { base });
  assert.deepEqual(events.map(({ kind, drop }) => [kind, drop]), [
    ["quarantine", noise.run],
    ["release", noise.run],
  ]);
  const file = `${base}/pipeline.json`;
  await Deno.writeTextFile(file, JSON.stringify(config));
  const shown = await runCli(["pipeline", "history", file]);
  assert.match(shown.stdout, /drop 2 put in quarantine[^]*drop 2 released/);
  const stands = await runCli(["pipeline", "status", file]);
  assert.match(stands.stdout, /drops in quarantine +none/);
});

Deno.test("a release names the files of the drop that are gone, whose rows it cannot give back", async () => {
  const { pipeline: made } = await begun();
  await using pipeline = made;
  const noise = pipeline.input("noise.parquet");
  writeDrop(noise, noiseRows(1, 3000));
  const { run, quarantined } = await pipeline.run();
  assert(quarantined);
  await Deno.remove(noise);
  const { config, folder: base } = pipeline;
  const file = `${base}/pipeline.json`;
  await Deno.writeTextFile(file, JSON.stringify(config));
  const args = ["pipeline", "release", file, String(run), "--json"];
  const { stdout, stderr } = await runCli(args);
  assert.deepEqual(JSON.parse(stdout).missing, ["in/noise.parquet"]);
  assert.match(stderr, /in\/noise\.parquet: no longer there/);
});
