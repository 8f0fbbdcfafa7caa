import type { AutoencoderSpec } from "./layout.ts";
import type { Sight } from "./worth.ts";

/** The numbers that learn, in units of the normalised rows. */
export interface Parameters {
  /** latents × width. */
  encoder: Float32Array;
  /** A value a latent. */
  bias: Float32Array;
  /** latents × width, rows of unit length. */
  decoder: Float32Array;
}

/** What was seen of rows. */
export interface LookReport {
  /** Rows that each latent was active in. */
  uses: Uint32Array;
  /** The pre-activation that k · rows of the largest ones exceed. */
  floor: number;
}

/** Adam on a sparse autoencoder, on whatever does the work. */
export interface Trainer {
  /** What is trained. */
  readonly spec: AutoencoderSpec;
  /**
   * Codes and rebuilds rows.
   *
   * @param rows normalised rows, at most a batch of them
   * @param floors what every latent's pre-activations have to exceed where rows share their active latents; the same
   * for all, so that k · rows do, where left out
   */
  look(rows: Float32Array, floors?: Float32Array): Promise<LookReport>;
  /**
   * One step of Adam on rows. It may still be under way on a GPU when this returns.
   *
   * @param rows normalised rows, at most a batch of them
   * @param rate the length of the step
   */
  step(rows: Float32Array, rate: number): Promise<void>;
  /** Rows of steps that each latent was active in none of, up to now, since it was last active or began again. */
  silent(): Promise<Uint32Array>;
  /**
   * Gives latents a row each, out of those that were last looked at or learned from (see `restart.ts`).
   *
   * @param latents which
   * @returns those that have one
   */
  restart(latents: readonly number[]): Promise<number[]>;
  /** The numbers as they stand. */
  parameters(): Promise<Parameters>;
  /** What the autoencoder as it stands makes of rows, where rows share their active latents. */
  sight(): Promise<Sight>;
  /** Frees what does the work. */
  close(): Promise<void>;
}
