import assert from "node:assert/strict";
import { join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import {
  CHECKPOINT_DIRECTORY,
  listCheckpoints,
} from "../../src/model/checkpoint.ts";
import { loadModel } from "../../src/model/directory.ts";
import type { MetricsLine } from "../../src/model/model.ts";
import {
  type TrainOutput,
  trainToDirectory,
} from "../../src/use/train_directory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { dictionaryBytes, SMALL, smallSource } from "./runs.ts";

const EVERY = { iterations: 1 };
const LOG = join(CHECKPOINT_DIRECTORY, "metrics.jsonl");

class Stop extends Error {}

/** Trains, to the end or until an exception stops it after so many decisions, without a word to the run. */
async function run(
  output: TrainOutput,
  { crashAfter = Infinity, options = SMALL }: {
    crashAfter?: number;
    options?: Partial<TrainOptions>;
  } = {},
): Promise<string[]> {
  const notices: string[] = [];
  let decisions = 0;
  const training = trainToDirectory(smallSource(), options, output, {
    createEngine: createReferenceEngine,
    onNotice: (notice) => notices.push(notice),
    onDecision: () => {
      if (++decisions === crashAfter) throw new Stop();
    },
  });
  if (crashAfter === Infinity) await training;
  else await assert.rejects(training, Stop);
  return notices;
}

/** A model's lines without what differs from run to run. */
async function linesOf(out: string) {
  const { metrics } = await loadModel(out);
  return await Array.fromAsync(metrics, withoutTimes);
}

function withoutTimes(line: MetricsLine) {
  return { ...line, milliseconds: 0, stages: Object.keys(line.stages) };
}

Deno.test("trainToDirectory() that goes on writes the lines of a straight run, each once", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    await run({ out: straight });
    const lines = await linesOf(straight);
    assert.deepEqual(lines.map(({ iteration }) => iteration), [
      ...Array(12).keys(),
    ]);
    for (const every of [1, 6]) {
      const out = join(directory, `every-${every}`);
      const output = { out, checkpointEvery: { iterations: every } };
      for (const crashAfter of [2, 1, 1]) {
        await run({ ...output, resume: true }, { crashAfter });
      }
      await run({ ...output, resume: true });
      assert.deepEqual(await linesOf(out), lines);
    }
  });
});

Deno.test("trainToDirectory() saves checkpoints that do not grow with the number of iterations", async () => {
  await inDirectory(async (directory) => {
    const sizes: number[] = [];
    for (const passes of [4, 400]) {
      const out = join(directory, `model-${passes}`);
      const options = { ...SMALL, passes, sampleBatch: 300 };
      await run({ out, checkpointEvery: EVERY }, {
        crashAfter: passes - 1,
        options,
      });
      const place = join(out, CHECKPOINT_DIRECTORY);
      const [latest] = await listCheckpoints(place);
      sizes.push((await Deno.stat(latest)).size);
    }
    assert(sizes[1] < sizes[0] + 200, `${sizes} bytes`);
  });
});

const DAMAGES: Record<string, (file: string) => Promise<void>> = {
  missing: (file) => Deno.remove(file),
  shorter: (file) => Deno.truncate(file, 100),
  changed: async (file) => {
    const bytes = await Deno.readFile(file);
    bytes[20] ^= 1;
    await Deno.writeFile(file, bytes);
  },
};

for (const [damage, work] of Object.entries(DAMAGES)) {
  Deno.test(`trainToDirectory() goes on to the same dictionary where the metrics so far are ${damage}, and says what is lost`, async () => {
    await inDirectory(async (directory) => {
      const straight = join(directory, "straight");
      await run({ out: straight });
      const out = join(directory, "model");
      await run({ out, checkpointEvery: EVERY }, { crashAfter: 3 });
      await work(join(out, LOG));
      const notices = await run({ out, resume: true });
      assert.match(
        notices.join("\n"),
        /metrics.jsonl will begin at iteration 9/,
      );
      assert.deepEqual(
        await dictionaryBytes(out),
        await dictionaryBytes(straight),
      );
      assert.deepEqual(
        await linesOf(out),
        (await linesOf(straight)).slice(9),
      );
    });
  });
}

Deno.test("trainToDirectory() takes the checkpoint before where only the latest's metrics are damaged", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    await run({ out: straight });
    const out = join(directory, "model");
    await run({ out, checkpointEvery: EVERY }, { crashAfter: 3 });
    const { size } = await Deno.stat(join(out, LOG));
    await Deno.truncate(join(out, LOG), size - 1);
    const notices = await run({ out, resume: true });
    assert.match(
      notices.join("\n"),
      /up to iteration 9 are missing or damaged; .*before\nGoing on from iteration 6/,
    );
    assert.deepEqual(await linesOf(out), await linesOf(straight));
  });
});

Deno.test("trainToDirectory() that fails before it was ever saved leaves nothing of what it began to write", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const slow = { ...SMALL, passes: 500 };
    let started = 0;
    const failing = (after: (elapsed: number) => void) =>
      trainToDirectory(smallSource(), slow, { out }, {
        createEngine: createReferenceEngine,
        onEngine: () => started = performance.now(),
        onDecision: async () => {
          // Lines are written once a second.
          await new Promise((resolve) => setTimeout(resolve, 300));
          after(performance.now() - started);
        },
      });
    for (const stood of [false, true]) {
      if (stood) await Deno.mkdir(out);
      let wrote = false;
      await assert.rejects(
        failing((elapsed) => {
          if (elapsed < 1500) return;
          wrote = Deno.statSync(join(out, LOG)).size > 0;
          throw new Stop();
        }),
        Stop,
      );
      assert(wrote);
      const left = stood ? namesIn(out) : namesIn(directory);
      assert.deepEqual(await left, []);
    }
  });
});

Deno.test("trainToDirectory() finishes its model without the metrics that were removed under it, and says so", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const notices: string[] = [];
    let decisions = 0;
    await trainToDirectory(smallSource(), SMALL, {
      out,
      checkpointEvery: EVERY,
    }, {
      createEngine: createReferenceEngine,
      onNotice: (notice) => notices.push(notice),
      onDecision: async () => {
        if (++decisions === 3) await Deno.remove(join(out, LOG));
      },
    });
    assert.match(notices.join("\n"), /comes without them/);
    assert.deepEqual(await linesOf(out), []);
    assert((await namesIn(out)).includes("dictionary.safetensors"));
  });
});
