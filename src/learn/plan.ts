import { permutation, randomStream } from "../random.ts";
import type { TrainOptions } from "../options/train_options.ts";

/** How many iterations may be queued before their reports are read: a wait costs 10 ms, whatever it waits for. */
const MOST_QUEUED = 8;

/**
 * A pass has so many sample batches where nothing else is asked for: with memory, more iterations learn more from a
 * pass,
 */
const BATCHES_PER_PASS = 16;

/** but a batch has no fewer rows than this, nor than so many an atom, or its Gram would cost as much as its codes; */
const FEWEST_ROWS = 1024;
const FEWEST_ROWS_PER_ATOM = 2;

/** and no more than this. */
const MOST_ROWS = 65536;

/** The order of work of one training, fixed before it starts. */
export interface TrainingPlan {
  /** Rows of each sample batch of a pass. */
  batches: number[];
  /** Passes over the training rows. */
  passes: number;
  /** Sample batches of all passes. */
  iterations: number;
  /**
   * Reports are read, and decisions taken, after every so many iterations: part of the algorithm, the same on every
   * engine.
   */
  cadence: number;
}

/** N_b where the options leave it open; without memory all rows at once are best, as many as fit. */
export function sampleBatchFor(options: TrainOptions, rows: number): number {
  const { sampleBatch, memory, exact, atoms } = options;
  if (sampleBatch !== undefined) return sampleBatch;
  if (memory === 0 || exact) return MOST_ROWS;
  const fewest = Math.max(FEWEST_ROWS, FEWEST_ROWS_PER_ATOM * atoms);
  const share = Math.ceil(rows / BATCHES_PER_PASS);
  return Math.min(MOST_ROWS, Math.max(fewest, share));
}

/**
 * Splits the training rows into ⌈N/N_b⌉ sample batches whose sizes differ by at most one, so that no small last batch
 * overwrites atoms.
 */
export function planTraining(
  rows: number,
  sampleBatch: number,
  passes: number,
): TrainingPlan {
  const count = Math.max(1, Math.ceil(rows / sampleBatch));
  const batches = Array.from(
    { length: count },
    (_, b) => Math.floor(rows / count) + (b < rows % count ? 1 : 0),
  );
  return {
    batches,
    passes,
    iterations: passes * count,
    cadence: Math.min(count, MOST_QUEUED),
  };
}

/**
 * The order in which an iteration updates atoms: shuffled within each group, groups in order; in index order where
 * exact.
 */
export function atomOrder(
  groups: readonly number[],
  seed: number,
  iteration: number,
  exact: boolean,
): Uint32Array {
  const order = new Uint32Array(groups.reduce((sum, size) => sum + size, 0));
  let start = 0;
  groups.forEach((size, g) => {
    const random = randomStream(seed, "atoms", iteration, g);
    const shuffled = exact
      ? Uint32Array.from({ length: size }, (_, j) => j)
      : permutation(size, random);
    shuffled.forEach((atom, i) => order[start + i] = start + atom);
    start += size;
  });
  return order;
}
