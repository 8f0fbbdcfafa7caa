import { permutation, randomStream } from "../random.ts";
import type { AutoencoderSpec } from "./layout.ts";
import { AutoencoderTrainer, type Parameters } from "./trainer.ts";

/** Rows of a step. */
export const STEP_ROWS = 1024;

/** Of the steps, the share at the end over which they get shorter. */
const DECAY_SHARE = 0.2;

/** Idle latents were active in none of so many rows, and of 8 times as many as a mean one takes to be active once. */
const IDLE_ROWS = 4096;
const IDLE_MEANS = 8;

/** By how much an idle latent's bias is raised at a step, in lengths of the step. */
const RAISE = 10;

/** How an autoencoder is trained. */
export interface TrainingOptions
  extends Pick<AutoencoderSpec, "width" | "sparsity" | "selection"> {
  /** The level of every latent (see {@linkcode AutoencoderSpec}); 0 for all where left out. */
  levels?: Uint32Array | undefined;
  /** Normalised rows that the threshold is set by: not those that it learns from, which it comes to fit too well. */
  thresholdRows?: Float32Array | undefined;
  /** Whether decoder rows learn too; they do where left out. */
  learnsDecoder?: boolean | undefined;
  /** How many, of a batch of rows each. */
  steps: number;
  /** Of the rows' order. */
  seed: number;
  /** The length of a step; by the number of latents where left out. */
  rate?: number | undefined;
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after every step with how many are done. */
  onStep?: ((done: number) => void) | undefined;
}

/** What a training led to. */
export interface TrainedAutoencoder extends Parameters {
  /** The pre-activation above which k latents a row are active on average; 0 where every row has its k largest. */
  threshold: number;
  /** Latents that no row made active. */
  dead: number;
  /** Latents that were idle on the way and were helped. */
  helped: number;
}

/** The length of a step: 2e-4 for 16 384 latents, falling with the root of their number (Gao et al. 2024). */
export function defaultRate(latents: number): number {
  return 2e-4 * Math.sqrt(16384 / latents);
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
  const { width, sparsity, selection, steps, learnsDecoder = true } = options;
  const latents = start.bias.length, count = rows.length / width;
  const batch = Math.min(STEP_ROWS, count);
  const trainer = new AutoencoderTrainer(
    {
      ...{ width, latents, sparsity, batch, selection, learnsDecoder },
      levels: options.levels ?? new Uint32Array(latents),
    },
    start,
    options,
  );
  const rate = options.rate ?? defaultRate(latents);
  const idle = new IdleLatents(latents, sparsity);
  try {
    const feed = rowFeed(rows, width, batch, options.seed);
    for (let step = 0; step < steps; step++) {
      const left = (steps - step) / (DECAY_SHARE * steps);
      const length = rate * Math.min(1, left);
      const { uses } = await trainer.step(feed(), length);
      trainer.raise(idle.after(uses, batch), RAISE * length);
      options.onStep?.(step + 1);
    }
    const seen = await lookThrough(trainer, rows, batch);
    const shown = options.thresholdRows ?? rows;
    const { floor } = selection === "row"
      ? seen
      : await lookThrough(trainer, shown, batch);
    const { dead } = seen;
    const { helped } = idle;
    return { ...trainer.parameters, threshold: floor, dead, helped };
  } finally {
    trainer.close();
  }
}

/**
 * Latents that are active in no row learn nothing. Their biases are raised, little by little, until they are active
 * where they come nearest to it; from then on they learn what they are good for there.
 */
class IdleLatents {
  readonly #rows: Float64Array;
  readonly #seen: Uint8Array;
  readonly #most: number;

  constructor(latents: number, sparsity: number) {
    this.#rows = new Float64Array(latents);
    this.#seen = new Uint8Array(latents);
    this.#most = Math.max(IDLE_ROWS, IDLE_MEANS * latents / sparsity);
  }

  /** How many latents have been idle so far. */
  get helped(): number {
    return this.#seen.reduce((sum, each) => sum + each, 0);
  }

  /** The latents that are idle after a step. */
  after(uses: Uint32Array, rows: number): number[] {
    const idle: number[] = [];
    uses.forEach((number, latent) => {
      this.#rows[latent] = number > 0 ? 0 : this.#rows[latent] + rows;
      if (this.#rows[latent] < this.#most) return;
      this.#seen[latent] = 1;
      idle.push(latent);
    });
    return idle;
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

// Latents that no row makes active, and the mean of the batches' floors.
async function lookThrough(
  trainer: AutoencoderTrainer,
  rows: Float32Array,
  batch: number,
): Promise<{ dead: number; floor: number }> {
  const { width, latents } = trainer.spec;
  const active = new Uint8Array(latents);
  let floors = 0, looks = 0;
  for (let at = 0; at < rows.length; at += batch * width) {
    const part = rows.subarray(at, at + batch * width);
    const { uses, floor } = await trainer.look(part);
    uses.forEach((number, latent) => {
      if (number > 0) active[latent] = 1;
    });
    floors += floor;
    looks++;
  }
  const dead = active.reduce((sum, each) => sum + 1 - each, 0);
  return { dead, floor: floors / looks };
}
