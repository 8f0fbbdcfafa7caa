import assert from "node:assert/strict";
import { randomStream } from "../../src/random.ts";
import { DriftingData, TestPipeline, writeDrop } from "../pipeline/drops.ts";
import { spawnRun, standingOf } from "../pipeline/killable.ts";

const NIGHTS = 5, KILLS = 4, ROWS = 600;

/** Starts a run in a process and kills it within its work, at a moment that the stream chooses. */
async function killedAtRandom(
  pipeline: TestPipeline,
  random: { uniform(): number },
): Promise<boolean> {
  const child = spawnRun(pipeline, "never", "null");
  const heartbeat = pipeline.root("heartbeat.json");
  const before = await Deno.stat(heartbeat).catch(() => undefined);
  const begun = async () => {
    const now = await Deno.stat(heartbeat).catch(() => undefined);
    return now !== undefined && now.ino !== before?.ino;
  };
  const over = child.status.then(() => true);
  while (!await begun()) {
    if (await Promise.race([over, pause(2)]) === true) return false;
  }
  await pause(400 * random.uniform());
  try {
    child.kill("SIGKILL");
  } catch {
    // It was over already.
  }
  return (await child.status).signal === "SIGKILL";
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

async function nights(random?: { uniform(): number }) {
  const data = new DriftingData(8);
  const pipeline = await TestPipeline.create({ retention: { versions: 3 } });
  let landed = 0;
  for (let night = 0; night < NIGHTS; night++) {
    writeDrop(pipeline.input(`${night}.parquet`), data.drop(night, ROWS));
    for (let kill = 0; random !== undefined && kill < KILLS; kill++) {
      if (await killedAtRandom(pipeline, random)) landed++;
    }
    await pipeline.run();
  }
  return { pipeline, landed };
}

Deno.test("runs killed at random moments end as if nothing had happened", async () => {
  const straight = await nights();
  const killed = await nights(randomStream(5, "kills"));
  const { status, history, dictionary } = await standingOf(killed.pipeline);
  console.log(
    `${killed.landed} of ${NIGHTS * KILLS} kills landed in a run; runs: ` +
      JSON.stringify(status.runs),
  );
  assert(killed.landed >= NIGHTS);
  assert.deepEqual(status.files, { taken: NIGHTS });
  assert.equal(status.rows.new, NIGHTS * ROWS * 0.95);
  assert.equal(
    history.runs.filter(({ newRows }) => newRows > 0).length,
    NIGHTS,
  );
  const undisturbed = await standingOf(straight.pipeline);
  assert.equal(dictionary, undisturbed.dictionary);
  await straight.pipeline[Symbol.asyncDispose]();
  await killed.pipeline[Symbol.asyncDispose]();
});
