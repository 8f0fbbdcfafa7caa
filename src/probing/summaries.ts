import type { Contestant } from "./contestants.ts";
import type { Task } from "./draw.ts";
import { columnsOf } from "./features.ts";
import { placesOf } from "./latents.ts";
import { meanOfMeans, pairedHalfWidth } from "./paired.ts";
import type {
  BestLatent,
  LatentClass,
  ProbeSummary,
} from "../metrics/probe_result.ts";
import { areaUnderCurve } from "./scores.ts";
import type { Scored } from "./sparse_probing.ts";

/** A latent that fires in more than this share of the rows is a dense one. */
const DENSE_SHARE = 0.1;

/** F1 under which a latent tells no class. */
const LEAST_TOLD = 0.1;

/** All that was scored, by contestant, then by task. */
export type AllScores = Map<Contestant, Scored[][]>;

/**
 * The best latent of every class by whether it fires: the one of the largest F1 on rows for fitting, as it decides on
 * the test's.
 */
export function bestLatents(
  contestant: Contestant,
  tasks: readonly Task[],
): BestLatent[] {
  const { firing, features, name } = contestant;
  if (firing === undefined) return [];
  return tasks.flatMap((task) => {
    const { train, test } = firing.byLabel.get(task.label)!;
    const place = placesOf(tasks, task.label).indexOf(task.place);
    const latent = train.best(place);
    if (latent === undefined) return [];
    const chosen = Uint32Array.of(latent);
    const values = columnsOf(features, task.test, chosen).data;
    return [{
      label: task.label,
      class: task.class,
      model: name,
      ...test.fit(place, latent),
      density: firing.all.density(latent),
      auc: areaUnderCurve(values, task.test.positive),
    }];
  });
}

/**
 * The class that each latent of a model tells best: the one of the largest F1 on rows for fitting, as it decides on the
 * test's. Latents that tell none are left out.
 */
export function latentClasses(
  { firing, features, name }: Contestant,
  tasks: readonly Task[],
): LatentClass[] {
  if (firing === undefined) return [];
  const found: LatentClass[] = [];
  for (let latent = 0; latent < features.count; latent++) {
    let best: LatentClass | undefined, most = 0;
    for (const [label, { train, test }] of firing.byLabel) {
      const own = tasks.filter((task) => task.label === label);
      const place = train.bestClass(latent, [...own.keys()]);
      if (place === undefined) continue;
      const { f1 } = train.fit(place, latent);
      if (f1 <= most) continue;
      most = f1;
      best = {
        ...{ label, class: own[place].class, model: name },
        ...test.fit(place, latent),
        density: firing.all.density(latent),
      };
    }
    if (best !== undefined && best.f1 >= LEAST_TOLD) found.push(best);
  }
  return found;
}

/** What a contestant comes to over all classes. */
export function summaryOf(
  contestant: Contestant,
  scores: AllScores,
  { tasks, best, seed }: {
    tasks: readonly Task[];
    best: readonly BestLatent[];
    seed: number;
  },
): ProbeSummary {
  const own = scores.get(contestant)!;
  const labels = tasks.map(({ label }) => label);
  const [first] = scores.values();
  const summary: ProbeSummary = {
    model: contestant.name,
    kind: contestant.kind,
    coder: contestant.coder,
    ...firingOf(contestant),
    accuracy: {},
    auc: {},
    l1Auc: {},
    halfWidth: {},
  };
  own[0].forEach(({ score: { k } }, i) => {
    const name = k === undefined ? "dense" : String(k);
    const over = (value: (scored: Scored) => number) =>
      meanOfMeans(own.map((task) => value(task[i])), labels);
    summary.accuracy[name] = over(({ score }) => score.accuracy);
    summary.auc[name] = over(({ score }) => score.auc);
    if (k === undefined) return;
    summary.l1Auc[name] = over(({ score }) => score.l1Auc!);
    if (own === first) return;
    summary.halfWidth[name] = pairedHalfWidth(
      own.map((task) => task[i].right),
      first.map((task) => task[i].right),
      labels,
      seed,
    );
  });
  const mine = best.filter(({ model }) => model === contestant.name);
  if (mine.length > 0) {
    summary.bestF1 = meanOfMeans(
      mine.map(({ f1 }) => f1),
      mine.map(({ label }) => label),
    );
  }
  return summary;
}

function firingOf(
  { firing }: Contestant,
): Pick<ProbeSummary, "l0" | "densest" | "denseLatents"> {
  if (firing === undefined) return {};
  const densities = firing.all.densities();
  return {
    l0: firing.nonzeros / Math.max(1, firing.rows),
    densest: densities.reduce((most, density) => Math.max(most, density), 0),
    denseLatents: densities.filter((density) => density > DENSE_SHARE).length,
  };
}
