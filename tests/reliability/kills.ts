// Kills trainings at random moments and lets them go on, until they are done.
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { loadModel } from "../../src/model/directory.ts";
import { randomStream } from "../../src/random.ts";
import { dictionaryBytes } from "./runs.ts";

/** What a series of kills came to. */
export interface KillCounts {
  /** SIGKILLs that hit a training before it was complete. */
  kills: number;
  /** Of them: before the first checkpoint was there. */
  beforeFirstCheckpoint: number;
  /** Of them: with a checkpoint's temporary file present. */
  duringCheckpoint: number;
  /** Of them: with the model directory's temporary one present. */
  duringModel: number;
  /** Trainings brought to their end through kills; the dictionary of each was compared bit for bit. */
  trainings: number;
}

/**
 * Runs trainings through SIGKILLs and compares the dictionary of each with an undisturbed one's.
 *
 * @param directory where to work
 * @param plan the engine, how many kills at least, the passes of a training
 */
export async function killTrainings(
  directory: string,
  plan: { device: "cpu" | "gpu"; kills: number; passes: number; seed: number },
): Promise<KillCounts> {
  const counts: KillCounts = {
    kills: 0,
    beforeFirstCheckpoint: 0,
    duringCheckpoint: 0,
    duringModel: 0,
    trainings: 0,
  };
  const { device, passes } = plan;
  const straight = join(directory, `straight-${device}`);
  const start = performance.now();
  const { success } = await spawn(straight, device, passes).status;
  assert(success, "the undisturbed training failed");
  const duration = performance.now() - start;
  const expected = await dictionaryBytes(straight);
  const random = randomStream(plan.seed, "kills", device);
  while (counts.kills < plan.kills) {
    const out = join(directory, `killed-${device}-${counts.trainings}`);
    for (;;) {
      const wanted = counts.kills < plan.kills;
      const delay = wanted ? random.uniform() * 0.6 * duration : Infinity;
      const aim = AIMS[random.integer(AIMS.length)];
      const done = await runAndKill(out, plan, { delay, aim }, counts);
      if (done) break;
    }
    assert.deepEqual(await dictionaryBytes(out), expected);
    const { metrics } = await loadModel(out);
    const iterations = await Array.fromAsync(metrics, (line) => line.iteration);
    assert.deepEqual(iterations, [...Array(2 * passes).keys()]);
    counts.trainings++;
    await Deno.remove(out, { recursive: true });
  }
  return counts;
}

/** When the blow falls: at once after the delay, or as soon after it as a checkpoint or the model is being written. */
const AIMS = ["at once", "at once", "checkpoint", "model"] as const;

// Returns whether the training came to its end before it was killed.
async function runAndKill(
  out: string,
  plan: { device: "cpu" | "gpu"; passes: number },
  blow: { delay: number; aim: typeof AIMS[number] },
  counts: KillCounts,
): Promise<boolean> {
  const child = spawn(out, plan.device, plan.passes);
  let ended = false;
  const status = child.status.finally(() => ended = true);
  const deadline = performance.now() + blow.delay;
  while (!ended && performance.now() < deadline) await pause(5);
  while (!ended && !await inSight(out, blow.aim)) await pause(0);
  if (!ended) child.kill("SIGKILL");
  const { success, signal } = await status;
  if (success) return true;
  assert.equal(signal, "SIGKILL", "a training failed by itself");
  counts.kills++;
  const { saved, checkpoint, model } = await stateOf(out);
  if (!saved) counts.beforeFirstCheckpoint++;
  if (checkpoint) counts.duringCheckpoint++;
  if (model) counts.duringModel++;
  return false;
}

async function inSight(
  out: string,
  aim: typeof AIMS[number],
): Promise<boolean> {
  if (aim === "at once") return true;
  return (await stateOf(out))[aim];
}

async function stateOf(
  out: string,
): Promise<{ saved: boolean; checkpoint: boolean; model: boolean }> {
  const written = await names(join(out, ".checkpoint"));
  const beside = await names(dirname(out));
  const temporary = `.${basename(out)}.`;
  return {
    saved: written.some((name) => name.startsWith("checkpoint-")),
    checkpoint: written.some((name) => name.endsWith(".tmp")),
    model: beside.some((name) =>
      name.startsWith(temporary) && name.endsWith(".tmp")
    ),
  };
}

async function names(directory: string): Promise<string[]> {
  try {
    return await Array.fromAsync(
      Deno.readDir(directory),
      ({ name }) => name,
    );
  } catch {
    return [];
  }
}

function spawn(out: string, device: string, passes: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-read",
      "--allow-write",
      "--allow-sys",
      "--allow-env",
      join(import.meta.dirname!, "kill_child.ts"),
      out,
      device,
      String(passes),
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
