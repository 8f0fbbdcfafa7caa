import assert from "node:assert/strict";
import { randomStream } from "../../src/random.ts";
import { DriftingData, TestPipeline, writeDrop } from "../pipeline/drops.ts";
import { spawnRun, standingOf } from "../pipeline/killable.ts";

const NIGHTS = 5, KILLS = 4, ROWS = 600;

/** A run in a process of its own that is at work, or nothing where it was over before that was seen. */
async function runAtWork(
  pipeline: TestPipeline,
): Promise<Deno.ChildProcess | undefined> {
  const child = spawnRun(pipeline, "never", "null");
  const heartbeat = pipeline.root("heartbeat.json");
  const before = await Deno.stat(heartbeat).catch(() => undefined);
  const begun = async () => {
    const now = await Deno.stat(heartbeat).catch(() => undefined);
    return now !== undefined && now.ino !== before?.ino;
  };
  const over = child.status.then(() => true);
  while (!await begun()) {
    if (await Promise.race([over, pause(2)]) === true) return undefined;
  }
  return child;
}

/** How long a run works where nobody kills it, in milliseconds. */
async function workingTime(pipeline: TestPipeline): Promise<number> {
  const child = await runAtWork(pipeline);
  assert(child !== undefined);
  const start = performance.now();
  await child.status;
  return performance.now() - start;
}

/** Kills a run at a moment of its work that the stream chooses; true where it was in time. */
async function killedAtRandom(
  pipeline: TestPipeline,
  random: { uniform(): number },
  time: number,
): Promise<boolean> {
  const child = await runAtWork(pipeline);
  if (child === undefined) return false;
  await pause(time * random.uniform());
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

/** Takes a drop in every night: in runs left alone, or after some that are killed within `time`. */
async function nights(kill?: { random: { uniform(): number }; time: number }) {
  const data = new DriftingData(8);
  const pipeline = await TestPipeline.create({ retention: { versions: 3 } });
  let landed = 0, time = 0;
  for (let night = 0; night < NIGHTS; night++) {
    writeDrop(pipeline.input(`${night}.parquet`), data.drop(night, ROWS));
    if (kill === undefined) {
      time = await workingTime(pipeline);
      continue;
    }
    for (let run = 0; run < KILLS; run++) {
      if (await killedAtRandom(pipeline, kill.random, kill.time)) landed++;
    }
    await pipeline.run();
  }
  return { pipeline, landed, time };
}

Deno.test("runs killed at random moments end as if nothing had happened", async () => {
  const straight = await nights();
  const killed = await nights({
    random: randomStream(5, "kills"),
    // Short of the whole, or most runs of a quick machine would be over first.
    time: 0.7 * straight.time,
  });
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
