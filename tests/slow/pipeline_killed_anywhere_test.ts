import assert from "node:assert/strict";
import { namesIn } from "../directories.ts";
import { DriftingData, TestPipeline, writeDrop } from "../pipeline/drops.ts";
import { spawnRun, standingOf } from "../pipeline/killable.ts";

/** Every place between two steps of a run: what a kill there leaves behind differs. */
const PLACES = [
  "run.start:",
  "stage.end:scan",
  "stage.end:admit",
  "train.progress:",
  "stage.end:evaluate",
  "stage.end:write",
  "stage.start:commit",
  "stage.end:commit",
  "stage.end:tidy",
];

async function killAt(pipeline: TestPipeline, when: string): Promise<void> {
  const child = spawnRun(pipeline, when, "piped");
  const { success, signal, stderr } = await child.output();
  assert(!success);
  assert.equal(signal, "SIGKILL", new TextDecoder().decode(stderr));
}

/** Two drops, the second perhaps with killed runs before the one that ends. */
async function twoNights(kills: readonly string[]) {
  const data = new DriftingData(4);
  const pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  await pipeline.run();
  writeDrop(pipeline.input("b.parquet"), data.drop(1, 400));
  for (const when of kills) await killAt(pipeline, when);
  await pipeline.run();
  return { pipeline, ...await standingOf(pipeline) };
}

Deno.test("a run killed anywhere is done again or finished: no file twice, none left out, the same bytes", async (t) => {
  const straight = await twoNights([]);
  for (const when of PLACES) {
    await t.step(when, async () => {
      const night = await twoNights([when]);
      await using pipeline = night.pipeline;
      const { status, history } = night;
      assert.deepEqual(status.files, { taken: 2 });
      assert.equal(status.rows.new, 2 * 380);
      assert.equal(status.rows.heldOut, 2 * 20);
      assert.equal(status.rows.reservoir, straight.status.rows.reservoir);
      assert.equal(night.dictionary, straight.dictionary);
      const taking = history.runs.filter(({ newRows }) => newRows > 0);
      assert.equal(taking.length, 2);
      const running = history.runs.filter(({ state }) => state === "running");
      assert.deepEqual(running, []);
      // Nothing unfinished lies about.
      assert.deepEqual(
        await namesIn(pipeline.root("versions")),
        history.versions.map(({ version }) => version),
      );
      assert.deepEqual(await namesIn(pipeline.root("work")), []);
      assert.equal((await namesIn(pipeline.root("held-out"))).length, 2);
      assert.equal((await namesIn(pipeline.root("reservoir"))).length, 1);
    });
  }
  await straight.pipeline[Symbol.asyncDispose]();
});

Deno.test("runs killed one after the other do not add up", async () => {
  const straight = await twoNights([]);
  const night = await twoNights([
    "train.progress:",
    "stage.start:commit",
    "stage.end:admit",
  ]);
  assert.equal(night.dictionary, straight.dictionary);
  const { history } = night;
  assert.deepEqual(
    history.runs.map(({ state }) => state),
    ["done", "interrupted", "interrupted", "interrupted", "done"],
  );
  await night.pipeline[Symbol.asyncDispose]();
  await straight.pipeline[Symbol.asyncDispose]();
});
