import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { batchesOf, runBatches, sumOf } from "../../tasks/test.ts";
import { inDirectory } from "../directories.ts";

Deno.test("the tests' task takes every folder once, the slow tier never, and the examples", () => {
  const folders = ["tests/net", "tests/slow", "tests/gpu", "tests/cli"];
  const batches = batchesOf(folders, ["mod.ts", "README.md"]);
  assert.deepEqual(batches, [
    { name: "tests/cli", args: ["tests/cli"] },
    { name: "tests/gpu", args: ["tests/gpu"] },
    { name: "tests/net", args: ["tests/net"] },
    { name: "examples", args: ["--doc", "mod.ts", "README.md"] },
  ]);
});

Deno.test("the tests' task adds up what processes count, and names those that ended before their sum", () => {
  const ended = (text: string, success = true, name = "tests/a") => ({
    ...{ name, text, success },
  });
  const fine = "ok | 9 passed (3 steps) | 0 failed | 2 ignored (1s)\n";
  const coloured =
    "\x1b[32mok\x1b[0m | 7 passed | 0 failed \x1b[2m(9ms)\x1b[0m";
  assert.deepEqual(sumOf([ended(fine), ended(coloured)], 125.2), {
    text: "ok | 16 passed | 0 failed | 2 ignored (2m5s)",
    success: true,
  });
  assert.deepEqual(
    sumOf([ended(fine), ended("Segmentation fault", false, "tests/b")], 1),
    {
      text: "tests/b: ended before its sum\n" +
        "FAILED | 9 passed | 1 failed | 2 ignored (0m1s)",
      success: false,
    },
  );
  assert.deepEqual(sumOf([ended(fine), ended("", true, "tests/c")], 1), {
    text: "tests/c: ended before its sum\n" +
      "FAILED | 9 passed | 1 failed | 2 ignored (0m1s)",
    success: false,
  });
});

Deno.test("the tests' task runs several at a time, tells what failed at the end, and fails with it", () =>
  inDirectory(async (folder) => {
    const failing = join(folder, "failing_test.ts");
    await Deno.writeTextFile(
      failing,
      `Deno.test("one", () => {});
       Deno.test("two", () => { throw new Error("two fails"); });`,
    );
    const printed: string[] = [];
    const ended = await runBatches(
      [
        { name: "one", args: [failing] },
        { name: "other", args: ["tests/metrics/pareto_test.ts"] },
      ],
      2,
      (text) => printed.push(text),
    );
    assert.equal(printed.length, 2);
    const plain = stripVTControlCharacters(printed.join(""));
    assert.match(plain, /error: Error: two fails/);
    const { text, success } = sumOf(ended, 3);
    assert.equal(success, false);
    assert.match(
      text,
      /^two => .*failing_test\.ts:2:\d+\nFAILED \| 2 passed \| 1 failed \(0m3s\)$/,
    );
  }));

/** Runs a test that waits, aborts so long after it began, and tells what became of it. */
async function aborted(folder: string, after: number) {
  const waiting = join(folder, "waiting_test.ts");
  const begun = join(folder, `begun ${after}`);
  await Deno.writeTextFile(
    waiting,
    `Deno.test("waits", async () => {
       Deno.writeTextFileSync(${JSON.stringify(begun)}, "");
       await new Promise((done) => setTimeout(done, 100_000));
     });`,
  );
  const stop = new AbortController(), printed: string[] = [];
  const running = runBatches(
    [
      { name: "one", args: [waiting] },
      { name: "other", args: ["tests/metrics/pareto_test.ts"] },
    ],
    1,
    (text) => printed.push(text),
    stop.signal,
  );
  while (!await Deno.stat(begun).catch(() => false)) await delay(10);
  await delay(after);
  stop.abort();
  const ended = await running;
  return { ended, printed: printed.join("") };
}

Deno.test("the tests' task ends what is at work at a signal, prints what it wrote, and begins no more", () =>
  inDirectory(async (folder) => {
    // A test may run before what tells of it is written: on a busy machine, much before.
    let { ended, printed } = await aborted(folder, 0);
    for (const after of [1000, 10_000]) {
      if (/^waits/m.test(printed)) break;
      ({ ended, printed } = await aborted(folder, after));
    }
    assert.deepEqual(ended.map(({ name, success }) => [name, success]), [
      ["one", false],
    ]);
    assert.match(printed, /^waits \.\.\./m);
    assert.match(sumOf(ended, 1).text, /^one: ended before its sum\nFAILED/);
  }));
