import { layOut } from "../autoencoder/layout.ts";
import { STEP_ROWS } from "../autoencoder/train.ts";
import { AutoencoderTrainer } from "../autoencoder/trainer.ts";
import { threadsFor } from "../engine/cpu/plan.ts";
import type { EngineSpec } from "../engine/engine.ts";
import { levelsOf, sampleSize } from "./fit_autoencoder.ts";
import { unitRows } from "./estimate.ts";

/** Rows of the trials: what a step costs whatever its rows, and what a row costs, follow from two of them. */
const TRIALS = [32, 96] as const;

/** The length of a trial's step: none, so that its atoms stay what they are. */
const NO_RATE = 0;

/** What the training of the atoms as a decoder would take. */
export interface DecoderPlan {
  /** Steps of 1024 rows. */
  steps: number;
  /** What it would take, with its rows, once the engine has given its memory back. */
  memoryBytes: number;
  /** About how long it would be on this machine. */
  estimatedSeconds: number;
}

/**
 * Works out what `decoderSteps` would take, from two steps of other sizes on made-up rows.
 *
 * @param spec the engine of the training
 * @param work steps, training rows, threads
 * @throws {DbksvdError} `run` where its memory cannot be had
 */
export async function estimateDecoder(
  { width, atoms, groups, coder: { sparsity } }: Pick<
    EngineSpec,
    "width" | "atoms" | "groups" | "coder"
  >,
  { steps, rows, threads }: {
    steps: number;
    rows: number;
    threads?: number | undefined;
  },
): Promise<DecoderPlan> {
  const spec = {
    ...{ width, latents: atoms, sparsity, learnsDecoder: true },
    selection: "row" as const,
    levels: levelsOf({ groups, atoms }, atoms),
  };
  const decoder = unitRows(atoms, width);
  const start = { decoder, encoder: decoder, bias: new Float32Array(atoms) };
  const seconds: number[] = [];
  for (const batch of TRIALS) {
    const trainer = new AutoencoderTrainer({ ...spec, batch }, start, {
      threads,
    });
    try {
      const given = unitRows(batch, width);
      await trainer.step(given, NO_RATE); // warms up
      const started = performance.now();
      await trainer.step(given, NO_RATE);
      seconds.push((performance.now() - started) / 1000);
    } finally {
      trainer.close();
    }
  }
  const [few, more] = TRIALS, [less, most] = seconds;
  const perRow = Math.max(0, (most - less) / (more - few));
  const perStep = Math.max(0, less - few * perRow);
  const batch = Math.min(STEP_ROWS, rows);
  const layout = layOut({ ...spec, batch }, threadsFor(threads));
  return {
    steps,
    memoryBytes: layout.bytes + 4 * width * sampleSize(width, rows, steps),
    estimatedSeconds: steps * (perStep + batch * perRow),
  };
}
