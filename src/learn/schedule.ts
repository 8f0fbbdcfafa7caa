import type { IterationStep } from "../engine/engine.ts";
import { groupSizes } from "./groups.ts";
import type { TrainOptions } from "./options.ts";
import type { TrainingPlan } from "./plan.ts";

/** The ridge falls by this factor, from its root above the asked one to its root below. */
const RIDGE_FALL = 4;

/** The sparsity reaches its final value after this share of a training. */
const GROWTH_SHARE = 0.8;

/** What changes from iteration to iteration by plan alone. */
export type ScheduledStep = Required<
  Pick<IterationStep, "ridge" | "memory" | "sparsity">
>;

/**
 * Ridge, memory and sparsity of one iteration. Early on, few nonzeros, strong shrinkage and a short memory move atoms
 * fast; later steps shorten, as a stochastic gradient's do, and the last batches count together.
 *
 * @param iteration iterations done before it
 * @param rows rows of its batch
 */
export function scheduledStep(
  options: TrainOptions,
  plan: TrainingPlan,
  iteration: number,
  rows: number,
): ScheduledStep {
  const { sparsity, exact } = options;
  if (exact) return { ridge: 0, memory: 0, sparsity };
  const done = plan.iterations > 1 ? iteration / (plan.iterations - 1) : 1;
  return {
    ridge: options.ridge * RIDGE_FALL ** (0.5 - done),
    memory: memoryAt(options, iteration / plan.iterations, rows),
    sparsity: sparsityAt(options, done),
  };
}

// ρ such that Σ ρ^t batches hold the uses that an atom is to remember: `memory` of them at first, ever more to the end.
function memoryAt(
  { memory, sparsity, atoms }: TrainOptions,
  done: number,
  rows: number,
): number {
  if (memory === 0) return 0;
  const uses = rows * sparsity / atoms;
  return 1 - Math.min(1, uses / memory * (1 - done));
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
