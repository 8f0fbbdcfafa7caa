import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import {
  Checkpoints,
  parseSchedule,
  type SavedRun,
} from "../../src/use/unfinished.ts";
import { listCheckpoints } from "../../src/model/checkpoint.ts";
import { inDirectory } from "../directories.ts";

Deno.test("parseSchedule() reads seconds, minutes, hours and iterations", () => {
  assert.deepEqual(parseSchedule("90s"), { seconds: 90 });
  assert.deepEqual(parseSchedule("10m"), { seconds: 600 });
  assert.deepEqual(parseSchedule("2h"), { seconds: 7200 });
  assert.deepEqual(parseSchedule(" 500 "), { iterations: 500 });
  for (const wrong of ["", "0", "-1", "1.5m", "10d", "s", "1e3", "m10"]) {
    assert.throws(
      () => parseSchedule(wrong),
      (error: unknown) => error instanceof DbksvdError && error.exitCode === 2,
    );
  }
});

function runAt(iteration: number): Omit<SavedRun, "metrics"> {
  return {
    identity: {},
    toolVersion: "0.1.0",
    engine: { kind: "cpu", name: "" },
    seconds: 0,
    state: { iteration },
  } as unknown as SavedRun;
}

Deno.test("Checkpoints keeps the two latest, and is due by iterations since the last one", async () => {
  await inDirectory(async (directory) => {
    const checkpoints = new Checkpoints(
      directory,
      { iterations: 10 },
      () => Promise.resolve(),
    );
    assert(!checkpoints.due(9) && checkpoints.due(10));
    for (const iteration of [10, 20, 30]) {
      await checkpoints.save(runAt(iteration));
    }
    assert(!checkpoints.due(39) && checkpoints.due(40));
    assert.equal(checkpoints.iteration, 30);
    const kept = await listCheckpoints(`${directory}/.checkpoint`);
    assert.equal(kept.length, 2);
    assert.equal((await checkpoints.latest())?.state.iteration, 30);
    await checkpoints.clear();
    assert.equal(await checkpoints.latest(), undefined);
  });
});

Deno.test("Checkpoints by the clock take at most a twentieth of the time, however slow the disk", async () => {
  await inDirectory(async (directory) => {
    const { now } = performance;
    let seconds = 1000;
    performance.now = () => seconds * 1000;
    try {
      const checkpoints = new Checkpoints(
        directory,
        { seconds: 2 },
        () => Promise.resolve(void (seconds += 3)), // A disk that takes 3 s.
      );
      seconds += 1.9;
      assert(!checkpoints.due(1));
      seconds += 0.2;
      assert(checkpoints.due(1));
      const before = seconds;
      await checkpoints.save(runAt(1));
      const cost = seconds - before;
      seconds += 19.9 * cost;
      assert(!checkpoints.due(2));
      seconds += 0.2 * cost;
      assert(checkpoints.due(2));
    } finally {
      performance.now = now;
    }
  });
});
