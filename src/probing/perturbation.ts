import {
  accuracyOf,
  alongLatents,
  decisionsWithout,
  meanDifferences,
  type WithAtoms,
} from "./directions.ts";
import type { DenseProbe } from "./dense_probe.ts";
import type { Task } from "./draw.ts";
import { largest } from "./features.ts";
import { meanOfMeans } from "./paired.ts";

/** Numbers of latents taken out. */
export const TAKEN = [2, 5, 10, 20, 50, 100, 500] as const;

/**
 * Targeted probe perturbation (SAEBench 0.6): the latents that speak most for a class are taken out of the rows; how
 * much more the class's own probe suffers by it than the probes of the other classes.
 *
 * @param contestant whose latents are taken out
 * @param tasks of all columns
 * @param dense the probe of every task
 * @returns by the number of latents taken out: means over classes, then over columns
 */
export function targetedPerturbation(
  contestant: WithAtoms,
  tasks: readonly Task[],
  dense: ReadonlyMap<Task, DenseProbe>,
): Record<string, number> {
  const along = new Map(tasks.map((task) => [
    task,
    alongLatents(contestant, dense.get(task)!.weights),
  ]));
  const found: Record<string, number> = {};
  const fall = (of: Task, taken: ReadonlySet<number>) => {
    const test = dense.get(of)!.decide(of.test), { positive } = of.test;
    const left = decisionsWithout(
      test,
      contestant,
      along.get(of)!,
      of.test,
      taken,
    );
    return accuracyOf(test, positive) - accuracyOf(left, positive);
  };
  const orders = tasks.map((task) => {
    const differences = meanDifferences(contestant, task.train);
    const effects = differences.map((difference, f) =>
      Math.max(0, difference) * along.get(task)![f]
    );
    return largest(effects, Math.max(...TAKEN));
  });
  for (const count of TAKEN) {
    const scores = tasks.map((task, t) => {
      const taken = new Set(orders[t].subarray(0, count));
      const others = tasks.filter((other) =>
        other !== task && other.label === task.label
      );
      const spared = others.map((other) => fall(other, taken));
      const mean = spared.reduce((sum, one) => sum + one, 0) /
        Math.max(1, spared.length);
      return fall(task, taken) - mean;
    });
    found[count] = meanOfMeans(scores, tasks.map(({ label }) => label));
  }
  return found;
}

/** Probes of two attributes on rows where they do not go together, and one on rows where they do. */
export interface CorrelationTasks {
  /** The two attributes, by name. */
  name: string;
  /** The first attribute, and the second one, on as many rows of each combination. */
  attributes: readonly [Task, Task];
  /** Both at once. */
  both: Task;
}

/**
 * Spurious correlation removal (SAEBench 0.6): a probe fitted where two attributes go together is cured of one of
 * them by taking out the latents that speak most of it. 1: it does as well as a probe of the other attribute alone,
 * 0: no better.
 *
 * @returns by the number of latents taken out
 */
export function correlationRemoval(
  contestant: WithAtoms,
  { attributes, both }: CorrelationTasks,
  dense: ReadonlyMap<Task, DenseProbe>,
): Record<string, number> {
  const spurious = dense.get(both)!;
  const along = alongLatents(contestant, spurious.weights);
  const directions = [[0, 1], [1, 0]].map(([kept, removed]) => {
    const keep = attributes[kept], remove = attributes[removed];
    const before = spurious.decide(keep.test);
    return {
      keep,
      remove,
      before,
      start: accuracyOf(before, keep.test.positive),
    };
  });
  const [worse] = directions.sort((a, b) => a.start - b.start);
  const { keep, remove, before, start } = worse;
  const ceiling = accuracyOf(
    dense.get(keep)!.decide(keep.test),
    keep.test.positive,
  );
  const removing = alongLatents(contestant, dense.get(remove)!.weights);
  const effects = meanDifferences(contestant, remove.train)
    .map((difference, f) => Math.abs(difference * removing[f]));
  const order = largest(effects, Math.max(...TAKEN));
  return Object.fromEntries(TAKEN.map((count) => {
    const taken = new Set(order.subarray(0, count));
    const left = decisionsWithout(before, contestant, along, keep.test, taken);
    const gained = accuracyOf(left, keep.test.positive) - start;
    const score = ceiling - start < 0.001 ? 0 : gained / (ceiling - start);
    return [count, score];
  }));
}
