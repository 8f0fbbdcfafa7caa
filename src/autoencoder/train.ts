import { pauseIfDue } from "../pause.ts";
import { permutation, randomStream } from "../random.ts";
import { IdleLatents } from "./idle.ts";
import type { AutoencoderSpec } from "./layout.ts";
import { thresholdsOfLatents } from "./thresholds.ts";
import type { Parameters, Trainer } from "./contract.ts";
import { createTrainer, type TrainerChoice } from "./create.ts";

/** Rows of a step. */
export const STEP_ROWS = 1024;

/** Of the steps, the share at the end over which they get shorter. */
const DECAY_SHARE = 0.2;

/** Of the steps, the share after which latents are left to what they have become. */
const RESTART_SHARE = 0.8;

/** Of a step's rows, the share that is given to restarted latents at most. */
const RESTART_ROWS = 1 / 8;

/** Looks through all rows for latents that are active in none, at the end. */
const LAST_LOOKS = 3;

/** How an autoencoder is trained. */
export interface TrainingOptions
  extends
    Pick<AutoencoderSpec, "width" | "sparsity" | "selection">,
    TrainerChoice {
  /** The level of every latent (see {@linkcode AutoencoderSpec}); 0 for all where left out. */
  levels?: Uint32Array | undefined;
  /** Normalised rows that the threshold is set by: not those that it learns from, which it comes to fit too well. */
  thresholdRows?: Float32Array | undefined;
  /** Whether every latent gets a threshold of its own in the end; there is one for all where left out. */
  thresholdEach?: boolean | undefined;
  /** Whether decoder rows learn too; they do where left out. */
  learnsDecoder?: boolean | undefined;
  /** How many, of a batch of rows each. */
  steps: number;
  /** Of the rows' order. */
  seed: number;
  /** The length of a step; by the number of latents where left out. */
  rate?: number | undefined;
  /** Called after every step with how many are done. */
  onStep?: ((done: number) => void) | undefined;
}

/** What a training led to. */
export interface TrainedAutoencoder extends Parameters {
  /** Pre-activations above which k latents a row are active on average; 0 where every row has its k largest. */
  thresholds: Float32Array;
  /** Latents that no row made active. */
  dead: number;
  /** Latents that were active in no row for long on the way, or in none at the end, and began again. */
  helped: number;
}

/** The length of a step: 2e-4 for 16 384 latents, falling with the root of their number (Gao et al. 2024). */
export function defaultRate(latents: number): number {
  return 2e-4 * Math.sqrt(16384 / latents);
}

/** What a training is of: so many latents, from so many rows. */
export function trainingSpec(
  { width, sparsity, selection, learnsDecoder = true, levels }: Pick<
    TrainingOptions,
    "width" | "sparsity" | "selection" | "learnsDecoder" | "levels"
  >,
  latents: number,
  rows: number,
): AutoencoderSpec {
  return {
    ...{ width, latents, sparsity, selection, learnsDecoder },
    batch: Math.min(STEP_ROWS, rows),
    levels: levels ?? new Uint32Array(latents),
  };
}

/**
 * Trains a sparse autoencoder by Adam.
 *
 * @param rows normalised rows
 * @param start where it begins
 * @param options how
 */
export async function trainAutoencoder(
  rows: Float32Array,
  start: Parameters,
  options: TrainingOptions,
): Promise<TrainedAutoencoder> {
  const { width, sparsity, selection, steps } = options;
  const latents = start.bias.length, count = rows.length / width;
  const spec = trainingSpec(options, latents, count), { batch } = spec;
  const trainer = await createTrainer(spec, start, options);
  const rate = options.rate ?? defaultRate(latents);
  const idle = new IdleLatents(latents, {
    sparsity,
    rows: count,
    all: steps * batch,
  });
  const most = Math.ceil(RESTART_ROWS * batch);
  try {
    const feed = rowFeed(rows, width, batch, options.seed);
    for (let step = 0; step < steps; step++) {
      const left = (steps - step) / (DECAY_SHARE * steps);
      const length = rate * Math.min(1, left);
      await trainer.step(feed(), length);
      idle.after(batch);
      if (step < RESTART_SHARE * steps && idle.due) {
        idle.note(await trainer.silent());
        idle.begin(await trainer.restart(idle.now.slice(0, most)));
      }
      options.onStep?.(step + 1);
      await pauseIfDue(options.signal);
    }
    const shown = options.thresholdRows ?? rows;
    const threshold = selection === "row"
      ? 0
      : (await lookThrough(trainer, shown, batch)).floor;
    let thresholds: Float32Array = new Float32Array(latents).fill(threshold);
    let dead = await deadLatents(trainer, rows, batch, thresholds);
    for (let look = 1; look < LAST_LOOKS && dead.length > 0; look++) {
      await restartDead(trainer, rows, { batch, most, thresholds, dead, idle });
      dead = await deadLatents(trainer, rows, batch, thresholds);
    }
    const parameters = await trainer.parameters();
    if (selection === "batch" && options.thresholdEach) {
      const { signal } = options;
      const given = { threshold, sparsity, countedRows: shown, signal };
      const size = { latents, width }, sight = await trainer.sight();
      thresholds = await thresholdsOfLatents(sight, size, rows, given);
      dead = await deadLatents(trainer, rows, batch, thresholds);
    }
    return {
      ...parameters,
      ...{ thresholds, dead: dead.length, helped: idle.helped },
    };
  } finally {
    await trainer.close();
  }
}

// Rows in a new order every time that all were given.
function rowFeed(
  rows: Float32Array,
  width: number,
  batch: number,
  seed: number,
): () => Float32Array {
  const count = rows.length / width;
  let order: Uint32Array = new Uint32Array(0), at = 0, round = 0;
  const given = new Float32Array(batch * width);
  return () => {
    for (let i = 0; i < batch; i++) {
      if (at === order.length) {
        order = permutation(count, randomStream(seed, "autoencoder", round++));
        at = 0;
      }
      const from = order[at++] * width;
      given.set(rows.subarray(from, from + width), i * width);
    }
    return given;
  };
}

// What latents are active in, and the mean of the batches' floors.
async function lookThrough(
  trainer: Trainer,
  rows: Float32Array,
  batch: number,
  floors?: Float32Array,
): Promise<{ uses: Float64Array; floor: number }> {
  const { width, latents } = trainer.spec;
  const uses = new Float64Array(latents);
  let sum = 0, looks = 0;
  for (let at = 0; at < rows.length; at += batch * width) {
    const part = rows.subarray(at, at + batch * width);
    const seen = await trainer.look(part, floors);
    seen.uses.forEach((number, latent) => uses[latent] += number);
    sum += seen.floor;
    looks++;
  }
  return { uses, floor: sum / looks };
}

// Latents that no row makes active as the autoencoder will be run.
async function deadLatents(
  trainer: Trainer,
  rows: Float32Array,
  batch: number,
  thresholds: Float32Array,
): Promise<number[]> {
  const { uses } = await lookThrough(trainer, rows, batch, thresholds);
  return [...uses.keys()].filter((latent) => uses[latent] === 0);
}

// Gives each a row that is rebuilt badly, with no step after it.
async function restartDead(
  trainer: Trainer,
  rows: Float32Array,
  { batch, most, thresholds, dead, idle }: {
    batch: number;
    most: number;
    thresholds: Float32Array;
    dead: readonly number[];
    idle: IdleLatents;
  },
): Promise<void> {
  const { width } = trainer.spec;
  const left = new Set(dead);
  for (let at = 0; at < rows.length && left.size > 0; at += batch * width) {
    await trainer.look(rows.subarray(at, at + batch * width), thresholds);
    const begun = await trainer.restart([...left].slice(0, most));
    idle.begin(begun);
    for (const latent of begun) left.delete(latent);
  }
}
