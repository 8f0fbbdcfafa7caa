import assert from "node:assert/strict";
import { join } from "node:path";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { createGpuEngine } from "../../src/engine/gpu/gpu.ts";
import { DbksvdError } from "../../src/errors.ts";
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
import { dictionaryBytes, SMALL, smallSource } from "./runs.ts";

const EVERY = { iterations: 1 };

/** Makes CPU engines whose calls a test may spoil; `given` counts the iterations given to all of them. */
function spoiled(
  spoil: (engine: Engine, count: { given: number }) => Partial<Engine>,
) {
  const count = { given: 0 };
  return async (spec: EngineSpec): Promise<Engine> => {
    const engine = await createCpuEngine(spec);
    const iterate = engine.iterate.bind(engine);
    engine.iterate = (rows, step) => (count.given++, iterate(rows, step));
    return Object.assign(engine, spoil(engine, count));
  };
}

/** An engine that is lost when reports are read after so many iterations, over all its lives. */
function lostAt(iterations: number) {
  return spoiled((engine, count) => {
    const reports = engine.reports.bind(engine);
    return {
      reports: () => {
        if (count.given !== iterations) return reports();
        throw new DbksvdError("device", "The GPU was lost: unplugged");
      },
    };
  });
}

/** An engine that reports one NaN, in a sum of the given iteration (counted from 0). */
function nanAt(
  iteration: number,
  sum: "energy" | "codingError" | "updatedError",
) {
  return spoiled((engine, count) => {
    const reports = engine.reports.bind(engine);
    return {
      reports: async () => {
        const all = await reports();
        const first = count.given - all.length;
        const report = all[iteration - first];
        if (report !== undefined) report[sum] = NaN;
        return all;
      },
    };
  });
}

/** Both engines, in this thread. */
const ENGINES = {
  cpu: (spec: EngineSpec) => createCpuEngine(spec),
  gpu: (spec: EngineSpec) => createGpuEngine(spec),
};

function isNotFinite(where: { stage?: string; batch: number }) {
  return (error: unknown) => {
    assert(error instanceof DbksvdError && error.kind === "run");
    assert.match(error.message, /not finite|no longer finite/);
    assert.equal(error.where?.batch, where.batch);
    assert.notEqual(error.where?.stage, undefined);
    if (where.stage) assert.equal(error.where?.stage, where.stage);
    return true;
  };
}

async function train(
  output: TrainOutput,
  createEngine?: (spec: EngineSpec) => Promise<Engine>,
): Promise<string[]> {
  const notices: string[] = [];
  await trainToDirectory(smallSource(), SMALL, output, {
    device: "cpu",
    createEngine,
    onNotice: (notice) => notices.push(notice),
  });
  return notices;
}

async function savedIterations(out: string): Promise<number[]> {
  const paths = await listCheckpoints(join(out, CHECKPOINT_DIRECTORY));
  return await Promise.all(paths.map(async (path) => {
    const run = await readCheckpoint(path) as {
      state: { iteration: number; dictionary: Float32Array };
    };
    assert(run.state.dictionary.every(Number.isFinite));
    return run.state.iteration;
  }));
}

Deno.test("trainToDirectory() says how to go on when the device is lost, and goes on to the same bytes", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    await train({ out: straight });
    const out = join(directory, "model");
    await assert.rejects(
      train({ out, checkpointEvery: EVERY }, lostAt(9)),
      (error: unknown) =>
        error instanceof DbksvdError && error.exitCode === 4 &&
        /lost: unplugged.*safe up to iteration 6.*--resume/.test(error.message),
    );
    assert.deepEqual(await savedIterations(out), [6, 3]);
    await train({ out, resume: true });
    assert.deepEqual(
      await dictionaryBytes(out),
      await dictionaryBytes(straight),
    );
  });
});

Deno.test("trainToDirectory() tries again from the checkpoint as often as it is asked to, to the same bytes", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    await train({ out: straight });
    for (const iterations of [3, 6, 12]) {
      const out = join(directory, `model-${iterations}`);
      const output = { out, checkpointEvery: EVERY, retries: 1 };
      const notices = await train(output, lostAt(iterations));
      const saved = iterations - 3;
      const where = saved === 0 ? "the beginning" : `iteration ${saved}`;
      assert.match(
        notices.join("\n"),
        new RegExp(`trying again from ${where}`),
      );
      assert.deepEqual(
        await dictionaryBytes(out),
        await dictionaryBytes(straight),
      );
    }
  });
});

Deno.test("trainToDirectory() does not try again where there is no device at all", async () => {
  await inDirectory(async (directory) => {
    let asked = 0;
    await assert.rejects(
      train({ out: join(directory, "model"), retries: 5 }, () => {
        asked++;
        throw new DbksvdError("device", "No usable GPU");
      }),
      /No usable GPU/,
    );
    assert.equal(asked, 1);
  });
});

for (
  const [stage, sum] of [
    ["rows", "energy"],
    ["code", "codingError"],
    ["update", "updatedError"],
  ] as const
) {
  Deno.test(`trainToDirectory() stops at a NaN in the ${stage}, naming stage and batch, with the checkpoint sound`, async () => {
    await inDirectory(async (directory) => {
      const out = join(directory, "model");
      await assert.rejects(
        train({ out, checkpointEvery: EVERY }, nanAt(7, sum)),
        isNotFinite({ stage, batch: 7 }),
      );
      assert.deepEqual(await savedIterations(out), [6, 3]);
    });
  });

  Deno.test(`trainToDirectory() saves nothing between decisions once there is a NaN in the ${stage}`, async () => {
    await inDirectory(async (directory) => {
      const out = join(directory, "model");
      // Due wherever an iteration is waited for, as the first one is.
      const checkpointEvery = { seconds: 0 };
      await assert.rejects(
        train({ out, checkpointEvery }, nanAt(0, sum)),
        isNotFinite({ stage, batch: 0 }),
      );
      assert.deepEqual(await savedIterations(out), []);
    });
  });
}

for (
  const [what, call, at] of [
    ["a dictionary", "readDictionary", 9],
    ["weights", "readWeights", 1],
  ] as const
) {
  Deno.test(`trainToDirectory() never saves ${what} with a value that is not finite`, async () => {
    await inDirectory(async (directory) => {
      const out = join(directory, "model");
      const infinite = spoiled((engine, count) => {
        const read = engine[call].bind(engine);
        return {
          [call]: async () => {
            const values = await read();
            if (count.given === 6) values[at] = Infinity;
            return values;
          },
        };
      });
      await assert.rejects(
        train({ out, checkpointEvery: EVERY }, infinite),
        /not finite.*atom 1.*safe up to iteration 3/,
      );
      assert.deepEqual(await savedIterations(out), [3]);
    });
  });
}

for (const [kind, create] of Object.entries(ENGINES)) {
  Deno.test(`trainToDirectory() on the ${kind} stops at a batch with a NaN, naming stage and batch`, async () => {
    await inDirectory(async (directory) => {
      const out = join(directory, "model");
      await assert.rejects(
        train({ out, checkpointEvery: EVERY }, async (spec) => {
          const engine = await create(spec);
          const iterate = engine.iterate.bind(engine);
          let batches = 0;
          engine.holdRows = () => Promise.resolve(undefined);
          engine.iterate = (rows, step) => {
            if (batches++ === 7) (rows as { data: Float32Array }).data[9] = NaN;
            return iterate(rows, step);
          };
          return engine;
        }),
        isNotFinite({ stage: "rows", batch: 7 }),
      );
      assert.deepEqual(await savedIterations(out), [6, 3]);
    });
  });

  Deno.test(`trainToDirectory() on the ${kind} stops at a NaN in the dictionary, naming stage and batch`, async () => {
    await inDirectory(async (directory) => {
      const out = join(directory, "model");
      await assert.rejects(
        train({ out, checkpointEvery: EVERY }, async (spec) => {
          const engine = await create(spec);
          const iterate = engine.iterate.bind(engine);
          let batches = 0;
          engine.iterate = async (rows, step) => {
            if (batches++ === 8) {
              const dictionary = await engine.readDictionary();
              dictionary[3 * spec.width] = NaN;
              await engine.loadDictionary(
                dictionary,
                await engine.readWeights(),
              );
            }
            return await iterate(rows, step);
          };
          return engine;
        }),
        isNotFinite({ batch: 8 }),
      );
      assert.deepEqual(await savedIterations(out), [6, 3]);
    });
  });
}
