import assert from "node:assert/strict";
import { join } from "node:path";
import { DbksvdError } from "../../src/errors.ts";
import { lockOutput, lockPath } from "../../src/use/lock.ts";
import { inDirectory, namesIn } from "../directories.ts";

Deno.test("lockPath() lies beside the output", () => {
  assert.equal(lockPath("a/model"), "a/.model.lock");
  assert.equal(lockPath("a/model//"), "a/.model.lock");
  assert.equal(lockPath("model"), ".model.lock");
});

Deno.test("lockOutput() keeps others out until released, and leaves nothing behind", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "new", "model");
    const lock = await lockOutput(out);
    await assert.rejects(
      lockOutput(`${out}/`),
      (error: unknown) =>
        error instanceof DbksvdError && error.exitCode === 2 &&
        error.message.includes(`in use by process ${Deno.pid}`),
    );
    await lock.release();
    await lock.release();
    assert.deepEqual(await namesIn(join(directory, "new")), []);
    await (await lockOutput(out)).release();
  });
});

Deno.test("lockOutput() takes over what a crash left, whatever is in it", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const holder = { pid: Deno.pid, host: "elsewhere", since: "yesterday" };
    for (
      const [text, says] of [
        [JSON.stringify(holder), `process ${Deno.pid} on elsewhere`],
        ["no json", "A run before this one"],
      ]
    ) {
      await Deno.writeTextFile(lockPath(out), text);
      const notices: string[] = [];
      const lock = await lockOutput(out, (notice) => notices.push(notice));
      assert(notices.join().includes(says), notices.join());
      await lock.release();
    }
  });
});

Deno.test("lockOutput() lets one of many in at a time", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    let holding = 0, had = 0;
    const contend = async () => {
      for (;;) {
        const lock = await lockOutput(out).catch(() => undefined);
        if (lock === undefined) {
          await new Promise((later) => setTimeout(later, 1));
          continue;
        }
        assert.equal(++holding, 1);
        await new Promise((later) => setTimeout(later, 1));
        holding--;
        had++;
        return await lock.release();
      }
    };
    await Promise.all(Array.from({ length: 20 }, contend));
    assert.equal(had, 20);
  });
});
