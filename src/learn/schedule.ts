import type { IterationStep } from "../engine/engine.ts";
import { groupSizes } from "../options/groups.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { TrainingPlan } from "./plan.ts";

/** Ridge and soft threshold fall to this share over a training. */
const LAST_SHRINKAGE = 0.25;

/**
 * Where updates leave less of the rows than this, ridge and soft threshold are in proportion to what they leave: rows
 * that atoms explain almost wholly hold little noise to learn by heart, and shrinking their codes would only pull
 * atoms awry.
 */
const NOISY = 0.05;

/** The soft threshold at ridge 1, as a share of the length that one of k equal coefficients of a mean row has. */
const THRESHOLD = 0.55;

/**
 * An atom averaged over u uses is off by r/u, r = f·k/(1 − f) being a residual's energy over that of one coefficient
 * where updates leave the share f. From clean to noisy, memory is as it was asked for. Cleaner rows than that take a
 * shorter one, which moves atoms faster, and noisier ones a longer one, by the square, for atoms as settled.
 */
const CLEAN_USE = 0.7, NOISY_USE = 1.8;

/** Memory stays within this share and that multiple of what was asked for. */
const LEAST_MEMORY = 0.5, MOST_MEMORY = 3;

/** The sparsity reaches its final value after this share of a training. */
const GROWTH_SHARE = 0.8;

/** What changes from iteration to iteration by plan alone. */
export type ScheduledStep = Required<
  Pick<IterationStep, "ridge" | "shrink" | "memory" | "sparsity">
>;

/**
 * Shrinkage, memory and sparsity of one iteration. Early on, strong shrinkage and a short memory move atoms fast, and
 * few nonzeros are cheap; later steps shorten, as a stochastic gradient's do, and the last batches count together.
 *
 * @param iteration iterations done before it
 * @param batch rows of its batch, and the root mean square length of a normalised row
 * @param left what the latest updates left of their rows, as a share of their energy (see {@linkcode leftByUpdates});
 * undefined before any
 */
export function scheduledStep(
  options: TrainOptions,
  plan: TrainingPlan,
  iteration: number,
  batch: { rows: number; length: number },
  left: number | undefined,
): ScheduledStep {
  const { sparsity, exact } = options;
  if (exact) return { ridge: 0, shrink: 0, memory: 0, sparsity };
  const done = plan.iterations > 1 ? iteration / (plan.iterations - 1) : 1;
  const grown = sparsityAt(options, done);
  const ridge = options.ridge * LAST_SHRINKAGE ** done *
    Math.min(1, (left ?? 1) / NOISY);
  return {
    ridge,
    shrink: THRESHOLD * ridge * batch.length / Math.sqrt(sparsity),
    memory: memoryAt(
      options,
      iteration / plan.iterations,
      batch.rows,
      options.memory * memoryFactor(grown, left),
    ),
    sparsity: grown,
  };
}

/** The mean FVU after the latest updates (see `LearnState.latest`); undefined before any. */
export function leftByUpdates(latest: readonly number[]): number | undefined {
  if (latest.length === 0) return undefined;
  return latest.reduce((sum, fvu) => sum + fvu, 0) / latest.length;
}

function memoryFactor(sparsity: number, left: number | undefined): number {
  if (left === undefined) return 1;
  const noise = left * sparsity / Math.max(1 - left, 0);
  if (noise < CLEAN_USE) return Math.max(LEAST_MEMORY, noise / CLEAN_USE);
  return Math.min(MOST_MEMORY, Math.max(1, noise / NOISY_USE) ** 2);
}

// ρ such that Σ ρ^t batches hold the uses that an atom is to remember: so many at first, ever more to the end.
function memoryAt(
  { sparsity, atoms }: TrainOptions,
  done: number,
  rows: number,
  remembered: number,
): number {
  if (remembered === 0) return 0;
  const uses = rows * sparsity / atoms;
  return 1 - Math.min(1, uses / remembered * (1 - done));
}

function sparsityAt(options: TrainOptions, done: number): number {
  const { sparsity } = options;
  const half = Math.ceil(sparsity / 2);
  const first = Math.max(
    groupSizes(options).length,
    options.startSparsity ?? half,
  );
  const grown = Math.min(1, done / GROWTH_SHARE);
  return Math.round(first + (sparsity - first) * grown);
}
