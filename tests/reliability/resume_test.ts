import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import { DbksvdError } from "../../src/errors.ts";
import type { EngineSpec } from "../../src/engine/engine.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import {
  CHECKPOINT_DIRECTORY,
  listCheckpoints,
} from "../../src/model/checkpoint.ts";
import { loadModel } from "../../src/model/directory.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { isUsage, stopAfter } from "./resuming.ts";
import { dictionaryBytes, SMALL, smallSource } from "./runs.ts";

const EVERY = { iterations: 1 };

async function straightRun(directory: string): Promise<Uint8Array> {
  const out = join(directory, "straight");
  await trainToDirectory(smallSource(), SMALL, { out }, { device: "cpu" });
  return await dictionaryBytes(out);
}

Deno.test("trainToDirectory() resumes a stopped run to the bytes of a straight one", async () => {
  await inDirectory(async (directory) => {
    const straight = await straightRun(directory);
    for (const decisions of [1, 2, 3]) {
      const out = join(directory, `stopped-${decisions}`);
      const notices = await stopAfter(decisions, { out });
      assert.match(notices.join(), /Saved at iteration \d+ of 12/);
      const summary = await trainToDirectory(smallSource(), SMALL, {
        out,
        resume: true,
      }, { device: "cpu" });
      assert.equal(summary.resumedAt, 3 * decisions);
      assert.deepEqual(await dictionaryBytes(out), straight);
      assert(!(await namesIn(out)).includes(CHECKPOINT_DIRECTORY));
    }
    assert.deepEqual(
      (await namesIn(directory)).filter((name) => name.startsWith(".")),
      [],
    );
  });
});

Deno.test("trainToDirectory() keeps two generations and falls back when the latest is damaged", async () => {
  await inDirectory(async (directory) => {
    const straight = await straightRun(directory);
    const out = join(directory, "model");
    await stopAfter(3, { out, checkpointEvery: EVERY });
    const kept = await listCheckpoints(join(out, CHECKPOINT_DIRECTORY));
    assert.equal(kept.length, 2);
    const [latest] = kept;
    const bytes = await Deno.readFile(latest);
    bytes[bytes.length - 9] ^= 1;
    await Deno.writeFile(latest, bytes);
    const notices: string[] = [];
    const summary = await trainToDirectory(smallSource(), SMALL, {
      out,
      resume: true,
    }, { device: "cpu", onNotice: (notice) => notices.push(notice) });
    assert.equal(summary.resumedAt, 6);
    assert.match(notices.join(), /checksum does not match.*the one before/);
    assert.deepEqual(await dictionaryBytes(out), straight);
  });
});

Deno.test("trainToDirectory() refuses to resume where every checkpoint is damaged, and starts afresh with overwrite", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(2, { out, checkpointEvery: EVERY });
    const kept = join(out, CHECKPOINT_DIRECTORY);
    for (const path of await listCheckpoints(kept)) {
      await Deno.truncate(path, 100);
    }
    const output = { out, resume: true };
    await assert.rejects(
      trainToDirectory(smallSource(), SMALL, output, { device: "cpu" }),
      (error: unknown) => error instanceof DbksvdError && error.exitCode === 3,
    );
    await trainToDirectory(smallSource(), SMALL, {
      ...output,
      overwrite: true,
    }, { device: "cpu" });
    assert.deepEqual(await dictionaryBytes(out), await straightRun(directory));
  });
});

Deno.test("trainToDirectory() refuses an unfinished run in the way without resume or overwrite", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(1, { out });
    await assert.rejects(loadModel(out), /not finished.*train --resume/);
    await assert.rejects(
      trainToDirectory(smallSource(), SMALL, { out }, { device: "cpu" }),
      isUsage(/unfinished run.*--resume.*--overwrite/),
    );
    const summary = await trainToDirectory(smallSource(), SMALL, {
      out,
      overwrite: true,
    }, { device: "cpu" });
    assert.equal(summary.resumedAt, undefined);
    assert.deepEqual(await dictionaryBytes(out), await straightRun(directory));
  });
});

Deno.test("trainToDirectory() with resume starts afresh where there is nothing, and does nothing where the run is finished", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const notices: string[] = [];
    const run = {
      device: "cpu" as const,
      onNotice: (notice: string) => notices.push(notice),
    };
    const output = { out, resume: true };
    const first = await trainToDirectory(smallSource(), SMALL, output, run);
    assert.match(notices.join(), /nothing to resume; starting afresh/);
    const before = await Deno.stat(join(out, "config.json"));
    const second = await trainToDirectory(smallSource(), SMALL, output, run);
    assert.match(notices.join(), /is finished/);
    assert.equal(second.finishedBefore, true);
    assert.deepEqual(second.heldOut, first.heldOut);
    const after = await Deno.stat(join(out, "config.json"));
    assert.equal(after.ino, before.ino);
    await assert.rejects(
      trainToDirectory(smallSource(), { ...SMALL, seed: 1 }, output, run),
      isUsage(/another model/),
    );
  });
});

Deno.test("trainToDirectory() goes on with a retraining over a finished model, which stays until then", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await trainToDirectory(smallSource(), SMALL, { out }, { device: "cpu" });
    const straight = await dictionaryBytes(out);
    await stopAfter(2, { out });
    assert.deepEqual(await dictionaryBytes(out), straight);
    const summary = await trainToDirectory(smallSource(), SMALL, {
      out,
      resume: true,
    }, { device: "cpu" });
    assert.equal(summary.resumedAt, 6);
    assert.deepEqual(await dictionaryBytes(out), straight);
  });
});

Deno.test("trainToDirectory() puts back a directory whose replacement was cut off", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(2, { out });
    await Deno.rename(out, join(directory, ".model.previous"));
    await Deno.mkdir(join(directory, ".model.0123abcd.tmp"));
    await Deno.mkdir(join(directory, ".model-2.0123abcd.tmp"));
    const summary = await trainToDirectory(smallSource(), SMALL, {
      out,
      resume: true,
    }, { device: "cpu" });
    assert.equal(summary.resumedAt, 6);
    assert.deepEqual(await namesIn(directory), [
      ".model-2.0123abcd.tmp",
      "model",
    ]);
  });
});

Deno.test("trainToDirectory() keeps a second run out of its directory", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    let refused: Promise<unknown> | undefined;
    await trainToDirectory(smallSource(), SMALL, { out }, {
      device: "cpu",
      onDecision: async () => {
        refused ??= assert.rejects(
          trainToDirectory(smallSource(), SMALL, { out, overwrite: true }),
          isUsage(/in use by process \d+/),
        );
        await refused;
      },
    });
    assert.notEqual(refused, undefined);
    await trainToDirectory(smallSource(), SMALL, { out }, { device: "cpu" });
  });
});

Deno.test("trainToDirectory() resumes any training at any decision to the bytes of a straight one", async () => {
  const trainings = fc.record({
    coder: fc.constantFrom("omp", "mp"),
    nonnegative: fc.boolean(),
    matryoshka: fc.constantFrom(undefined, [4, 12]),
    sampleBatch: fc.constantFrom(30, 100, 300),
    passes: fc.integer({ min: 2, max: 5 }),
    minUses: fc.constantFrom(2, 20),
    memory: fc.constantFrom(0, 40),
    patience: fc.constantFrom(0, 1),
    normCap: fc.constantFrom(0, 1.1),
    seed: fc.nat({ max: 9 }),
    stop: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(trainings, async ({ stop, ...given }) => {
      const options = { ...SMALL, ...given } as Partial<TrainOptions>;
      await inDirectory(async (directory) => {
        const run = {
          createEngine: (spec: EngineSpec) => createCpuEngine(spec),
        };
        const straight = join(directory, "straight");
        let decisions = 0;
        await trainToDirectory(smallSource(), options, { out: straight }, {
          ...run,
          onProgress: () => void decisions++,
        });
        const out = join(directory, "resumed");
        const at = 1 + Math.floor(stop * (decisions - 1));
        await stopAfter(at, { out }, options);
        await trainToDirectory(
          smallSource(),
          options,
          { out, resume: true },
          run,
        );
        assert.deepEqual(
          await dictionaryBytes(out),
          await dictionaryBytes(straight),
        );
      });
    }),
    { numRuns: 16, seed: 8 },
  );
});
