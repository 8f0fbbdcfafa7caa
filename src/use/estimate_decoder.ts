import { createTrainer } from "../autoencoder/create.ts";
import { type AutoencoderSpec, layOut } from "../autoencoder/layout.ts";
import { threadsFor } from "../engine/cpu/plan.ts";
import { sampleSize } from "./fit_autoencoder.ts";
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
  /** What it would take where it is trained, with its rows, once the engine has given its memory back. */
  memoryBytes: number;
  /** About how long it would be on this machine. */
  estimatedSeconds: number;
}

/**
 * Works out what `decoderSteps` would take, from two steps of other sizes on made-up rows.
 *
 * @param spec the engine of the training
 * @param work steps, training rows, threads; on what
 * @throws {DbksvdError} `run` or `device` where its memory cannot be had, or a GPU lacks it
 */
export async function estimateDecoder(
  engine: DecoderOf,
  { steps, rows, threads, device }: {
    steps: number;
    rows: number;
    threads?: number | undefined;
    device: "cpu" | "gpu";
  },
): Promise<DecoderPlan> {
  const { width, atoms } = engine, spec = decoderSpec(engine, rows);
  const needed = await bytesFor(spec, device, threads);
  const decoder = unitRows(atoms, width);
  const start = { decoder, encoder: decoder, bias: new Float32Array(atoms) };
  const seconds: number[] = [];
  for (const batch of TRIALS) {
    const choice = { device, threads };
    const trainer = await createTrainer({ ...spec, batch }, start, choice);
    const given = unitRows(batch, width);
    // A GPU's step is done when something is asked of it.
    const step = async () => {
      await trainer.step(given, NO_RATE);
      await trainer.silent();
    };
    try {
      await step(); // warms up
      seconds.push(await fastest(step));
    } finally {
      await trainer.close();
    }
  }
  const [few, more] = TRIALS, [less, most] = seconds;
  const perRow = Math.max(0, (most - less) / (more - few));
  const perStep = Math.max(0, less - few * perRow);
  return {
    steps,
    memoryBytes: needed + 4 * width * sampleSize(width, rows, steps),
    estimatedSeconds: steps * (perStep + spec.batch * perRow),
  };
}

async function bytesFor(
  spec: AutoencoderSpec,
  device: "cpu" | "gpu",
  threads: number | undefined,
): Promise<number> {
  if (device === "cpu") return layOut(spec, threadsFor(threads)).bytes;
  const { requireRoom } = await import("../autoencoder/gpu/context.ts");
  return await requireRoom(spec);
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
