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
import { rowsFromArray } from "../../src/rows/memory.ts";
import { sameContent } from "../../src/rows/fingerprint.ts";
import { openRows } from "../../src/rows/open.ts";
import {
  type TrainOutput,
  trainToDirectory,
} from "../../src/use/train_directory.ts";
import type { TrainRun } from "../../src/use/train.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { dictionaryBytes, noise, SMALL, smallSource } from "./runs.ts";

const EVERY = { iterations: 1 };

class Stop extends Error {}

/** Trains until the given number of decisions, then fires the signal: what SIGINT does. */
async function stopAfter(
  decisions: number,
  output: TrainOutput,
  options = SMALL,
  createEngine?: TrainRun["createEngine"],
): Promise<string[]> {
  const controller = new AbortController();
  const notices: string[] = [];
  let seen = 0;
  await assert.rejects(
    trainToDirectory(smallSource(), options, output, {
      device: "cpu",
      createEngine,
      signal: controller.signal,
      onNotice: (notice) => notices.push(notice),
      onProgress: () => {
        if (++seen === decisions) controller.abort(new Stop());
      },
    }),
    Stop,
  );
  return notices;
}

function isUsage(words: RegExp) {
  return (error: unknown) =>
    error instanceof DbksvdError && error.kind === "usage" &&
    words.test(error.message);
}

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

Deno.test("trainToDirectory() refuses to resume with a changed configuration or changed inputs, naming the change", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(1, { out });
    const output = { out, resume: true };
    await assert.rejects(
      trainToDirectory(smallSource(), { ...SMALL, passes: 5 }, output),
      isUsage(/passes was 4, is 5/),
    );
    await assert.rejects(
      trainToDirectory(rowsFromArray(noise(310, 8), 8), SMALL, output),
      isUsage(/inputs/),
    );
    await assert.rejects(
      trainToDirectory(smallSource(2), SMALL, output),
      isUsage(/the inputs' rows/),
    );
  });
});

Deno.test("trainToDirectory() refuses to resume where an input has other content, wherever in it and whatever its date", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const paths = ["a.f32", "b.f32"].map((name) => join(directory, name));
    const write = (path: string, seed: number) =>
      Deno.writeFile(path, new Uint8Array(noise(400, 8, seed).buffer));
    await write(paths[0], 1);
    await write(paths[1], 2);
    const controller = new AbortController();
    const run = (onProgress?: () => void) =>
      openRows(paths, { width: 8 }).then((source) =>
        trainToDirectory(source, SMALL, { out, resume: true }, {
          device: "cpu",
          signal: onProgress && controller.signal,
          onProgress,
        })
      );
    await assert.rejects(run(() => controller.abort(new Stop())), Stop);
    await write(paths[1], 3);
    await assert.rejects(run(), isUsage(/b\.f32 has changed/));
    await write(paths[1], 2);
    const { resumedAt } = await run();
    assert.notEqual(resumedAt, undefined);
    await write(paths[1], 3);
    await assert.rejects(run(), isUsage(/another model/));
  });
});

Deno.test("Of a large file, pieces and the date tell whether it is the same", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "large.f32");
    const values = noise(300_000, 8);
    await Deno.writeFile(path, new Uint8Array(values.buffer));
    const print = async () => {
      const source = await openRows(path, { width: 8 });
      const [print] = await source.fingerprints!();
      await source.close();
      return print;
    };
    const before = await print();
    assert.match(before.digest, /^samples:/);
    assert(sameContent(before, await print()));
    const other = noise(300_000, 8, 9);
    await Deno.writeFile(path, new Uint8Array(other.buffer));
    await Deno.utime(path, 1e9, 1e9);
    assert(!sameContent(before, await print()));
    values[1_234_567] = 7;
    await Deno.writeFile(path, new Uint8Array(values.buffer));
    assert(!sameContent(before, await print()));
  });
});

Deno.test("trainToDirectory() tells trainings apart that read more or fewer of the same rows", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const rows = noise(40, 4);
    const file = join(directory, "rows.f32");
    await Deno.writeFile(file, new Uint8Array(rows.buffer));
    const reading = (maxRows?: number) => openRows(file, { width: 4, maxRows });
    const options = { atoms: 4, sparsity: 1, passes: 1 };
    const run = { device: "cpu" as const };
    await trainToDirectory(await reading(30), options, { out }, run);
    for (const resume of [false, true]) {
      await assert.rejects(
        reading().then((all) =>
          trainToDirectory(all, options, { out, resume }, run)
        ),
        isUsage(/another model/),
      );
    }
    await trainToDirectory(await reading(30), options, { out }, run);
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

Deno.test("trainToDirectory() goes on only with the BLAS that made the products so far", async () => {
  const withBlas = (blas: string | undefined) => async (spec: EngineSpec) => {
    const engine = await createCpuEngine(spec);
    Object.assign(engine.info.details, { blas });
    return engine;
  };
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(1, { out }, SMALL, withBlas("OpenBLAS 0.3.21, Zen"));
    for (const other of [undefined, "OpenBLAS 0.3.21, SkylakeX"]) {
      const createEngine = withBlas(other);
      const again = trainToDirectory(
        smallSource(),
        SMALL,
        { out, resume: true },
        { createEngine },
      );
      await assert.rejects(
        again,
        isUsage(/OpenBLAS 0\.3\.21, Zen/),
      );
    }
    const createEngine = withBlas("OpenBLAS 0.3.21, Zen");
    const { resumedAt } = await trainToDirectory(
      smallSource(),
      SMALL,
      { out, resume: true },
      { createEngine },
    );
    assert(resumedAt! > 0);
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
