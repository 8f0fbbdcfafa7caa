import assert from "node:assert/strict";
import { join } from "node:path";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { CHECKPOINT_DIRECTORY } from "../../src/model/checkpoint.ts";
import {
  type TrainOutput,
  trainToDirectory,
} from "../../src/use/train_directory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { dictionaryBytes, smallSource } from "../reliability/runs.ts";

/** Two passes of nine batches: a decision after every eighth iteration and at the end. */
const NINE = { atoms: 16, sparsity: 2, passes: 2, sampleBatch: 30 };
const STOP = new Error("stop");

/** Trains on an engine whose iterations take `slow` ms; a signal comes with the given iteration. */
async function trained(
  out: string,
  { stopAt = Infinity, slow = 0, ...output }: Partial<TrainOutput> & {
    stopAt?: number;
    slow?: number;
  } = {},
): Promise<string[]> {
  const controller = new AbortController();
  const saved: string[] = [];
  let iterations = 0;
  const createEngine = async (spec: EngineSpec): Promise<Engine> => {
    const engine = await createReferenceEngine(spec);
    return new Proxy(engine, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        if (name !== "iterate") return value.bind(target);
        return async (...args: unknown[]) => {
          if (++iterations === stopAt) controller.abort(STOP);
          if (slow > 0) {
            await new Promise((resolve) => setTimeout(resolve, slow));
          }
          return await value.apply(target, args);
        };
      },
    });
  };
  const training = trainToDirectory(smallSource(), NINE, { out, ...output }, {
    createEngine,
    signal: controller.signal,
    onSaved: (what) => saved.push(what),
  });
  if (stopAt < Infinity) {
    await assert.rejects(training, (error) => error === STOP);
  } else await training;
  return saved;
}

Deno.test("a signal between decisions loses no iteration that has ended, and the run goes on to the same bytes", async () => {
  await inDirectory(async (directory) => {
    const straight = join(directory, "straight");
    await trained(straight);
    // Fast iterations end with the decision.
    for (const [stopAt, slow, at] of [[2, 0, 8], [4, 520, 4], [11, 520, 11]]) {
      const out = join(directory, `stopped-${stopAt}`);
      const [saved] = await trained(out, { stopAt, slow });
      assert.match(saved, new RegExp(`Saved at iteration ${at} of 18`));
      await trained(out, { resume: true });
      assert.deepEqual(
        await dictionaryBytes(out),
        await dictionaryBytes(straight),
        `stopped at ${stopAt}`,
      );
      assert.deepEqual(await lines(out), await lines(straight));
    }
  });
});

Deno.test("checkpoints come by the clock where iterations are slow, whatever the decisions", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    let left: string[] = [];
    const watch = setInterval(async () => {
      const names = await namesIn(join(out, CHECKPOINT_DIRECTORY))
        .catch(() => []);
      left = [...new Set([...left, ...names])];
    }, 50);
    await trained(out, {
      stopAt: 7,
      slow: 520,
      checkpointEvery: { seconds: 1 },
    });
    clearInterval(watch);
    const checkpoints = left.filter((name) => /\.safetensors$/.test(name));
    assert(checkpoints.length >= 3, left.join(", "));
  });
});

// The metrics but for the times.
async function lines(out: string): Promise<unknown[]> {
  const text = await Deno.readTextFile(join(out, "metrics.jsonl"));
  return text.trim().split("\n").map((line) => {
    const { milliseconds: _, stages: __, ...rest } = JSON.parse(line);
    return rest;
  });
}
