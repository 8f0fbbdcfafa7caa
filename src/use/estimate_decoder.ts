import { createTrainer } from "../autoencoder/create.ts";
import {
  leftToProcessor,
  mayLeaveGpu,
  onProcessor,
  type PlaceChoice,
  placeOfTraining,
} from "../autoencoder/place.ts";
import { sampleSize } from "./fit_autoencoder.ts";
import { counted, duration } from "../text.ts";
import { unitRows } from "./estimate.ts";
import { type DecoderOf, decoderSpec } from "./train_decoder.ts";

/** Rows of the trials: what a step costs whatever its rows, and what a row costs, follow from two of them. */
const TRIALS = [32, 96] as const;

/** A trial is made again until it took so long, or so often: the fastest counts, since others wait for other work. */
const TRIAL_SECONDS = 0.3;
const MOST_TRIALS = 20;

/** The length of a trial's step: none, so that its atoms stay what they are. */
const NO_RATE = 0;

/** What the training of the atoms as a decoder would take. */
export interface DecoderPlan {
  /** Steps of 1024 rows. */
  steps: number;
  /** The kind of what would train. */
  kind: "gpu" | "cpu";
  /** What it would take where it is trained, with its rows, once the engine has given its memory back. */
  memoryBytes: number;
  /** About how long it would be on this machine. */
  estimatedSeconds: number;
  /** Why the GPU that would make the passes would not train, where one was not insisted on. */
  problem?: string;
}

/**
 * Works out what `decoderSteps` would take, from two steps of other sizes on made-up rows.
 *
 * @param engine the engine of the training
 * @param work steps, training rows; what makes the passes, what was asked for, threads
 * @throws {DbksvdError} `run` or `device` where its memory cannot be had, or a GPU that was asked for lacks it
 */
export async function estimateDecoder(
  engine: DecoderOf,
  { steps, rows, ...choice }: PlaceChoice & { steps: number; rows: number },
): Promise<DecoderPlan> {
  const { width, atoms } = engine, spec = decoderSpec(engine, rows);
  const { threads } = choice;
  let place = await placeOfTraining(spec, choice);
  const decoder = unitRows(atoms, width);
  const start = { decoder, encoder: decoder, bias: new Float32Array(atoms) };
  // With room for as many rows as a step has: a card may turn out to have less memory than was thought.
  const trainer = await createTrainer(
    { ...spec, batch: Math.max(spec.batch, ...TRIALS) },
    start,
    {
      device: place.on,
      threads,
      onGpuLacking: mayLeaveGpu(choice.device)
        ? (problem) => place = { ...onProcessor(spec, threads), problem }
        : undefined,
    },
  );
  const seconds: number[] = [];
  try {
    for (const batch of TRIALS) {
      const given = unitRows(batch, width);
      // A GPU's step is done when something is asked of it.
      const step = async () => {
        await trainer.step(given, NO_RATE);
        await trainer.silent();
      };
      await step(); // warms up
      seconds.push(await fastest(step));
    }
  } finally {
    await trainer.close();
  }
  const [few, more] = TRIALS, [less, most] = seconds;
  const perRow = Math.max(0, (most - less) / (more - few));
  const perStep = Math.max(0, less - few * perRow);
  const { on, bytes, problem } = place;
  return {
    steps,
    kind: on,
    memoryBytes: bytes + 4 * width * sampleSize(width, rows, steps),
    estimatedSeconds: steps * (perStep + spec.batch * perRow),
    ...problem !== undefined && { problem },
  };
}

/** A plan as lines to print. */
export function decoderPlanLines(
  { steps, estimatedSeconds, memoryBytes, problem }: DecoderPlan,
): string[] {
  return [
    `Then about ${duration(estimatedSeconds)} and ${
      (memoryBytes / 1e6).toFixed(1)
    } MB for ${counted(steps, "step")} of the decoder`,
    ...problem === undefined ? [] : [leftToProcessor(problem)],
  ];
}

// Seconds of the fastest of several steps.
async function fastest(step: () => Promise<void>): Promise<number> {
  let least = Infinity, all = 0;
  for (let i = 0; i < MOST_TRIALS && all < TRIAL_SECONDS; i++) {
    const started = performance.now();
    await step();
    const seconds = (performance.now() - started) / 1000;
    least = Math.min(least, seconds);
    all += seconds;
  }
  return least;
}
