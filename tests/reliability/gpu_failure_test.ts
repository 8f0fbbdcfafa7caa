import assert from "node:assert/strict";
import { join } from "node:path";
import { createGpuEngine } from "../../src/engine/gpu/gpu.ts";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { DbksvdError } from "../../src/errors.ts";
import { findAdapter, summarise } from "../../src/gpu/device.ts";
import {
  CHECKPOINT_DIRECTORY,
  listCheckpoints,
  readCheckpoint,
} from "../../src/model/checkpoint.ts";
import {
  type TrainOutput,
  trainToDirectory,
} from "../../src/use/train_directory.ts";
import { inDirectory } from "../directories.ts";
import { dispatchTooMany, harmedAt, lose } from "./gpu_failures.ts";
import { dictionaryBytes, SMALL, smallSource } from "./runs.ts";

async function train(
  output: TrainOutput,
  createEngine: (spec: EngineSpec) => Promise<Engine> = (spec) =>
    createGpuEngine(spec),
): Promise<string[]> {
  const notices: string[] = [];
  await trainToDirectory(smallSource(), SMALL, {
    ...output,
    checkpointEvery: { iterations: 1 },
  }, { createEngine, onNotice: (notice) => notices.push(notice) });
  return notices;
}

/** What a run of 4 decisions, saved at each, leaves where the device fails at the third. */
async function assertSafeUpToSix(out: string): Promise<void> {
  const paths = await listCheckpoints(join(out, CHECKPOINT_DIRECTORY));
  assert.equal(paths.length, 2);
  const iterations = await Promise.all(paths.map(async (path) => {
    const { state } = await readCheckpoint(path) as {
      state: { iteration: number };
    };
    return state.iteration;
  }));
  assert.deepEqual(iterations, [6, 3]);
}

for (
  const [what, harm, words] of [
    ["is lost", lose, /The GPU was lost/],
    ["refuses work", dispatchTooMany, /The GPU refused work: .*dispatch/],
  ] as const
) {
  Deno.test(`trainToDirectory() whose GPU ${what} says so and how to go on, and goes on to the same bytes`, async () => {
    await inDirectory(async (directory) => {
      const straight = join(directory, "straight");
      await train({ out: straight });
      const expected = await dictionaryBytes(straight);

      const out = join(directory, "stopped");
      await assert.rejects(
        train({ out }, harmedAt(9, harm)),
        (error: unknown) =>
          error instanceof DbksvdError && error.exitCode === 4 &&
          words.test(error.message) &&
          /safe up to iteration 6.*--resume/.test(error.message),
      );
      await assertSafeUpToSix(out);
      await train({ out, resume: true });
      assert.deepEqual(await dictionaryBytes(out), expected);

      const again = join(directory, "retried");
      const notices = await train(
        { out: again, retries: 1 },
        harmedAt(9, harm),
      );
      assert.match(notices.join("\n"), words);
      assert.match(notices.join("\n"), /trying again from iteration 6/);
      assert.deepEqual(await dictionaryBytes(again), expected);
    });
  });
}

/**
 * Runs a program in a process where the GPU's memory can run out. A software driver's would only do so after the
 * machine's: there, the address space ends a little above what Deno reserves.
 */
async function withLittleMemory(
  program: string,
  ...args: string[]
): Promise<{ code: number; err: string }> {
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'ulimit -v "$1" && shift && exec "$@"',
      "sh",
      await onSoftware()
        ? String(await peakOfDeno() + 8 * 2 ** 20)
        : "unlimited",
      Deno.execPath(),
      ...["run", "--no-check", "-A"],
      join(import.meta.dirname!, program),
      ...args,
    ],
    stdout: "null",
  });
  const { code, stderr } = await child.output();
  return { code, err: new TextDecoder().decode(stderr) };
}

async function onSoftware(): Promise<boolean> {
  const adapter = await findAdapter();
  return adapter !== undefined && summarise(adapter).software;
}

/** Address space that a Deno reserves at most while it does nothing, in KiB. */
async function peakOfDeno(): Promise<number> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", 'console.log(Deno.readTextFileSync("/proc/self/status"))'],
  }).output();
  const [, peak] = /VmPeak:\s+(\d+) kB/.exec(
    new TextDecoder().decode(stdout),
  )!;
  return Number(peak);
}

Deno.test("trainToDirectory() whose GPU's memory runs out says so and how to go on, and goes on to the same bytes", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    await train({ out: straight });
    const expected = await dictionaryBytes(straight);

    const out = join(directory, "stopped");
    const { code, err } = await withLittleMemory("oom_child.ts", out, "0");
    assert.equal(code, 4, err);
    assert.match(err, /out of memory.*safe up to iteration 6.*--resume/);
    await assertSafeUpToSix(out);
    await train({ out, resume: true });
    assert.deepEqual(await dictionaryBytes(out), expected);

    const again = join(directory, "retried");
    const retried = await withLittleMemory("oom_child.ts", again, "1");
    assert.equal(retried.code, 0, retried.err);
    assert.match(retried.err, /trying again from iteration 6/);
    assert.deepEqual(await dictionaryBytes(again), expected);
  });
});

Deno.test("createGpuEngine() where others have taken the memory says what is needed and what would do", async () => {
  const { code, err } = await withLittleMemory("oom_engine_child.ts");
  assert.equal(code, 4, err);
  assert.match(err, /The device has .* are needed.*--sample-batch \d+/);
});
