import { absorption } from "./absorption.ts";
import type { Contestant } from "./contestants.ts";
import { DenseProbe } from "./dense_probe.ts";
import type { WithAtoms } from "./directions.ts";
import type { Task } from "./draw.ts";
import { DenseFeatures } from "./features.ts";
import type { NormalisedRows } from "./normalised.ts";
import type { ProbeOptions } from "./options.ts";
import {
  correlationRemoval,
  type CorrelationTasks,
  targetedPerturbation,
} from "./perturbation.ts";
import { tasksIn } from "./plan.ts";
import { principalCoordinates } from "./principal.ts";
import { BASELINES, type ProbeSummary } from "../metrics/probe_result.ts";
import type { Baseline } from "../metrics/probe_baseline.ts";
import { probeSparsely, scoreDensely } from "./sparse_probing.ts";
import type { AllScores } from "./summaries.ts";

/** Probes for every task by the features of every model and baseline. */
export function scoreAll(
  withAtoms: readonly WithAtoms[],
  rows: NormalisedRows,
  tasks: readonly Task[],
  { k = [1, 2, 5], baselines = BASELINES, tpp, absorption }: ProbeOptions,
): { scores: AllScores; dense: Map<Task, DenseProbe> } {
  const features = new DenseFeatures(rows.data, rows.width);
  const scores: AllScores = new Map();
  const sparse = [...withAtoms, ...coordinateContestants(rows, baselines)];
  for (const one of sparse) {
    scores.set(one, tasks.map((task) => probeSparsely(task, one, k)));
  }
  const wanted = baselines.includes("dense");
  const dense = new Map<Task, DenseProbe>();
  if (wanted || tpp || absorption) {
    for (const task of tasks) {
      dense.set(task, new DenseProbe(features, task.train));
    }
  }
  if (wanted) {
    scores.set(
      { name: "dense", kind: "dense", coder: "all coordinates", features },
      tasks.map((task) => [scoreDensely(task, dense.get(task)!)]),
    );
  }
  return { scores, dense };
}

/** The metrics that take latents out of rows, or ask where they went: where they are asked for. */
export function perturbAll(
  withAtoms: readonly WithAtoms[],
  { dense, tasks, rows, scr }: {
    dense: Map<Task, DenseProbe>;
    tasks: readonly Task[];
    rows: NormalisedRows;
    scr: CorrelationTasks | undefined;
  },
  options: ProbeOptions,
): Map<string, Pick<ProbeSummary, "tpp" | "scr" | "absorption">> {
  const features = new DenseFeatures(rows.data, rows.width);
  for (const task of tasksIn(scr)) {
    dense.set(task, new DenseProbe(features, task.train));
  }
  return new Map(withAtoms.map((one) => [one.name, {
    ...(options.tpp && { tpp: targetedPerturbation(one, tasks, dense) }),
    ...(scr && { scr: correlationRemoval(one, scr, dense) }),
    ...(options.absorption && { absorption: absorption(one, tasks, dense) }),
  }]));
}

function coordinateContestants(
  rows: NormalisedRows,
  baselines: readonly Baseline[],
): Contestant[] {
  const { data, width, fitted } = rows;
  const contestants: Contestant[] = [];
  if (baselines.includes("raw")) {
    contestants.push({
      name: "raw",
      kind: "raw",
      coder: "coordinates",
      features: new DenseFeatures(data, width),
    });
  }
  if (baselines.includes("pca")) {
    const components = principalCoordinates(data, width, fitted);
    contestants.push({
      name: "pca",
      kind: "pca",
      coder: "principal components",
      features: new DenseFeatures(components.data, components.count),
    });
  }
  return contestants;
}
