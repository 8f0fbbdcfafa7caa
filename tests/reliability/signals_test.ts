import assert from "node:assert/strict";
import { join } from "node:path";
import { listCheckpoints } from "../../src/model/checkpoint.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { dictionaryBytes } from "./runs.ts";

const ROOT = new URL("../../", import.meta.url);

/** `train` as a process, on the permissions that its task documents. */
function train(out: string, ...more: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "-P=rows-to-files", "--no-prompt"],
      ...["src/cli/main.ts", "train", "samples/glove-10k.parquet"],
      ...["--max-rows", "1000", "--atoms", "32", "--sparsity", "3"],
      ...["--sample-batch", "300", "--passes", "20", "--device", "cpu"],
      ...["--checkpoint-every", "1", "--out", out, ...more],
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
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("train saves at SIGINT and SIGTERM, exits 130 and 143, and goes on with --resume to the same bytes", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    assert.equal((await ended(train(straight))).code, 0);
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
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
