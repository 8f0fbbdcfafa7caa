// Trainings that a signal stops, and how a run that cannot go on is refused.
import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import {
  type TrainOutput,
  trainToDirectory,
} from "../../src/use/train_directory.ts";
import type { TrainRun } from "../../src/use/train.ts";
import { SMALL, smallSource } from "./runs.ts";

/** What a training ends with that was stopped. */
export class Stop extends Error {}

/** Trains until the given number of decisions, then fires the signal: what SIGINT does. */
export async function stopAfter(
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

/** Whether an error is one of usage and says so. */
export function isUsage(words: RegExp) {
  return (error: unknown) =>
    error instanceof DbksvdError && error.kind === "usage" &&
    words.test(error.message);
}
