import type { Contestant } from "./contestants.ts";
import type { Task } from "./draw.ts";
import type { DenseProbe } from "./dense_probe.ts";
import { columnsOf, tellingFeatures } from "./features.ts";
import { decisions, fitLogistic } from "./logistic.ts";
import type { ClassScore, ProbedLatent } from "../metrics/probe_result.ts";
import { hits, scoreOf } from "./scores.ts";
import { probeByL1 } from "./sparse_logistic.ts";

/** A score with, for every test row, whether the probe was right. */
export interface Scored {
  score: ClassScore;
  right: Uint8Array;
}

/**
 * Sparse probing by SAEBench's definition: logistic regression (C = 1, features as they are) on the k features that
 * tell a class most; with sae-probes' variant beside it.
 */
export function probeSparsely(
  task: Task,
  contestant: Contestant,
  ks: readonly number[],
): Scored[] {
  const { features } = contestant;
  const most = Math.max(...ks);
  const order = tellingFeatures(features, task.train, most, false);
  // Coordinates of either sign have means near 0, by which nothing can be divided.
  const normalised = contestant.firing === undefined
    ? order
    : tellingFeatures(features, task.train, most, true);
  return ks.map((k) => {
    const chosen = order.subarray(0, k);
    const train = columnsOf(features, task.train, chosen);
    const test = columnsOf(features, task.test, chosen);
    const fitted = fitLogistic(train);
    const decided = decisions(fitted, test.data, test.width);
    const l1 = normalised.subarray(0, k);
    const byL1 = probeByL1(
      columnsOf(features, task.train, l1),
      columnsOf(features, task.test, l1),
    );
    return {
      score: {
        ...heading(task, contestant.name),
        k,
        ...scoreOf(decided, task.test.positive),
        l1Auc: byL1.score.auc,
        latents: latentsOf(chosen, fitted.weights, contestant),
      },
      right: hits(decided, task.test.positive),
    };
  });
}

/** The score of a dense probe. */
export function scoreDensely(task: Task, dense: DenseProbe): Scored {
  const decided = dense.decide(task.test);
  return {
    score: {
      ...heading(task, "dense"),
      ...scoreOf(decided, task.test.positive),
      latents: [],
    },
    right: hits(decided, task.test.positive),
  };
}

function heading(task: Task, model: string) {
  return {
    label: task.label,
    class: task.class,
    rows: task.train.units.length,
    test: task.test.units.length,
    model,
  };
}

function latentsOf(
  chosen: Uint32Array,
  weights: Float64Array,
  { features, firing }: Contestant,
): ProbedLatent[] {
  const atoms = firing === undefined ? features.count : features.count / 2;
  return Array.from(chosen, (f, i) => ({
    atom: f % atoms,
    sign: f < atoms ? "+" : "-",
    weight: weights[i],
  }));
}
