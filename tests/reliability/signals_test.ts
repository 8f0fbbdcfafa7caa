import assert from "node:assert/strict";
import { join } from "node:path";
import { exists } from "../../src/files/atomic.ts";
import { listCheckpoints } from "../../src/model/checkpoint.ts";
import { lockPath } from "../../src/use/lock.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { dictionaryBytes } from "./runs.ts";

const ROOT = new URL("../../", import.meta.url);

/** `train` as a process, on the permissions that its task documents. */
function train(out: string, ...more: string[]): Deno.ChildProcess {
  return command(
    "rows-to-files",
    ...["train", "samples/glove-10k.parquet"],
    ...["--max-rows", "1000", "--atoms", "32", "--sparsity", "3"],
    ...["--sample-batch", "300", "--passes", "20", "--device", "cpu"],
    ...["--checkpoint-every", "1", "--out", out, ...more],
  );
}

/** The tool as a process, on a named set of permissions. */
function command(permissions: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", `-P=${permissions}`, "--no-prompt"],
      ...["src/cli/main.ts", ...args],
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

async function ended(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function untilSaved(out: string): Promise<void> {
  while ((await listCheckpoints(join(out, ".checkpoint"))).length === 0) {
    await pause(5);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test("train saves at SIGINT and SIGTERM, exits 130 and 143, and goes on with --resume to the same bytes", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    assert.equal((await ended(train(straight))).code, 0);
    for (
      const [signal, code] of [
        ["SIGINT", 130],
        ["SIGTERM", 143],
        ["SIGHUP", 129],
      ] as const
    ) {
      const out = join(directory, signal);
      const child = train(out);
      await untilSaved(out);
      child.kill(signal);
      const stopped = await ended(child);
      assert.equal(stopped.code, code, stopped.stderr);
      assert.equal(stopped.stdout, "");
      assert.match(stopped.stderr, /Saved at iteration \d+ of 60; .*--resume/);
      assert.deepEqual(await namesIn(out), [".checkpoint"]);
      const refused = await ended(train(out));
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /unfinished run/);
      const resumed = await ended(train(out, "--resume", "--json"));
      assert.equal(resumed.code, 0, resumed.stderr);
      assert(JSON.parse(resumed.stdout).resumedAt > 0);
      assert.deepEqual(
        await dictionaryBytes(out),
        await dictionaryBytes(straight),
      );
    }
    const finished = await ended(train(straight, "--resume", "--json"));
    assert.equal(finished.code, 0, finished.stderr);
    assert.equal(JSON.parse(finished.stdout).finishedBefore, true);
    assert.match(finished.stderr, /is finished/);
    const hidden = (await namesIn(directory)).filter((name) =>
      name.startsWith(".")
    );
    assert.deepEqual(hidden, []);
  });
});

Deno.test("train that is stopped before there is anything to save leaves nothing, and --resume starts it afresh", async () => {
  await inDirectory(async (directory) => {
    // One batch of work for seconds: the signal comes while the rows are counted or the first iteration is under way.
    const long = (out: string, ...more: string[]) =>
      command(
        "rows-to-files",
        ...["train", "samples/glove-10k.parquet", "--atoms", "1024"],
        ...["--sparsity", "8", "--sample-batch", "9000", "--passes", "1"],
        ...["--device", "cpu", "--out", out, ...more],
      );
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const out = join(directory, signal);
      const child = long(out);
      while (!await exists(lockPath(out))) await pause(1);
      if (signal === "SIGTERM") await pause(200);
      child.kill(signal);
      const stopped = await ended(child);
      assert.equal(stopped.code, code, stopped.stderr);
      assert.equal(stopped.stdout, "");
      assert.match(
        stopped.stderr,
        new RegExp(`Stopped by ${signal}: nothing was saved, no iteration`),
      );
      assert.deepEqual(await namesIn(directory), []);
    }
    const out = join(directory, "SIGINT");
    const child = train(out, "--resume");
    const resumed = await ended(child);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, /nothing to resume; starting afresh/);
    const straight = join(directory, "straight");
    await ended(train(straight));
    assert.deepEqual(
      await dictionaryBytes(out),
      await dictionaryBytes(straight),
    );
  });
});

for (
  const [permissions, args] of [
    ["doctor", []],
    ["bench", ["--n", "512", "--m", "8192", "--k", "40", "--rows", "65536"]],
  ] as const
) {
  Deno.test(`${permissions} ends at SIGINT and SIGTERM while the GPU blocks its thread`, async () => {
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const child = command(permissions, permissions, ...args);
      const output = child.output();
      // The GPU is at work by then, and has seconds (doctor) or minutes (bench, on a software driver) to go.
      await pause(1200);
      child.kill(signal);
      const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
      const status = await output;
      clearTimeout(late);
      assert.equal(status.code, code);
    }
  });
}

Deno.test("train in a directory in use is refused with exit 2 and tells by whom", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const first = train(out);
    await untilSaved(out);
    const second = await ended(train(out, "--overwrite"));
    assert.equal(second.code, 2, second.stderr);
    assert.match(
      second.stderr,
      new RegExp(`in use by process ${first.pid} on `),
    );
    first.kill("SIGKILL");
    await first.output();
    const third = await ended(train(out, "--resume"));
    assert.equal(third.code, 0, third.stderr);
    assert.match(third.stderr, /ended without removing its lock/);
  });
});
