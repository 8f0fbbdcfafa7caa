import type { RowCoder } from "../coding/coder.ts";
import type { RowSource } from "../rows/source.ts";
import type { NamedModel } from "../use/evaluate.ts";
import { coderOf } from "../use/models.ts";
import type { WithAtoms } from "./directions.ts";
import { entrantsOf } from "./entrants.ts";
import { LatentFeatures } from "./features.ts";
import { gather, type Gathered } from "./gather.ts";
import { normalisedRows } from "./normalised.ts";
import { PROBE_OPTIONS, type ProbeOptions } from "./options.ts";
import type { CorrelationTasks } from "./perturbation.ts";
import { inSlots, planOf, tasksIn } from "./plan.ts";
import type { ProbeResult } from "../metrics/probe_result.ts";
import { perturbAll, scoreAll } from "./score_all.ts";
import { bestLatents, latentClasses, summaryOf } from "./summaries.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/**
 * What atoms know: probes for classes by a model's latents, on rows that it has not seen, beside what raw
 * coordinates, principal components, random atoms and a dense probe tell. Codes are split by sign, so that no latent
 * is negative. Every model is measured on the same rows: the classes' rows are drawn once.
 *
 * Definitions: sparse probing by SAEBench 0.6 (logistic regression, C = 1, on the k latents of the largest difference
 * of means; balanced accuracy), and by sae-probes (an L1 penalty of validated strength; area under the curve).
 *
 * @param models what to probe, with names
 * @param source the rows, with columns of classes
 * @param options the columns, how rows are drawn, the device, an `AbortSignal`
 * @throws {DbksvdError} `data` where a column holds no classes, or too few rows of any; `usage` for options that
 * cannot be
 *
 * @example
 * ```ts
 * import { openRows, probe, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const source = await openRows(["samples/glove-10k.parquet"], { maxRows: 2000 });
 * const { model } = await train(source, { atoms: 32, sparsity: 4, passes: 1 }, { device: "cpu" });
 * const classed = {
 *   ...source,
 *   width: source.width,
 *   rowCount: source.rowCount,
 *   batches: source.batches.bind(source),
 *   readColumns: (_names: readonly string[], { start, end }: { start: number; end: number }) =>
 *     Promise.resolve([{
 *       name: "early",
 *       schema: [],
 *       values: Array.from({ length: end - start }, (_, i) => start + i < 1000),
 *     }]),
 * };
 * const { models } = await probe([{ name: "words", model }], classed, {
 *   classColumns: ["early"],
 *   device: "cpu",
 * });
 * assert(models[0].accuracy["5"] > 0.5);
 * await source.close();
 * ```
 */
export async function probe(
  models: readonly NamedModel[],
  source: RowSource,
  options: ProbeOptions,
): Promise<ProbeResult> {
  requireKnownOptions(options, PROBE_OPTIONS, "probe()");
  const plan = await planOf(source, options);
  const entrants = await entrantsOf(models, source, plan, options);
  const coders: RowCoder[] = [];
  let gathered: Gathered;
  try {
    for (const { model } of entrants) {
      coders.push(await coderOf(model, options));
    }
    gathered = await gather(source, coders, {
      ...plan,
      tasks: [...plan.tasks, ...tasksIn(plan.scr)],
      counted: plan.tasks,
    }, options);
  } finally {
    for (const coder of coders) await coder.close();
  }
  const { kept } = gathered;
  const tasks = plan.tasks.map((task) => inSlots(task, kept));
  const rows = normalisedRows(kept, source.width, tasks);
  const withAtoms = entrants.map((entrant, i): WithAtoms => ({
    ...entrant,
    coder: coders[i].description,
    dictionary: entrant.model.dictionary,
    features: new LatentFeatures(
      entrant.model.atoms,
      kept.latentsOf(i),
      rows.scale,
    ),
    firing: gathered.firing[i],
  }));
  const scr = plan.scr && {
    ...plan.scr,
    attributes: plan.scr.attributes.map((task) =>
      inSlots(task, kept)
    ) as unknown as CorrelationTasks["attributes"],
    both: inSlots(plan.scr.both, kept),
  };
  const scored = scoreAll(withAtoms, rows, tasks, options);
  const more = perturbAll(withAtoms, { ...scored, tasks, rows, scr }, options);
  const { seed = 0, pool = false } = options;
  const best = withAtoms.flatMap((one) => bestLatents(one, tasks));
  const classes = plan.columns.reduce(
    (sum, one) => sum + one.classes.length,
    0,
  );
  return {
    rows: gathered.rows,
    unlabelled: gathered.unlabelled,
    passedOver: classes - tasks.length,
    units: pool ? "groups" : "rows",
    models: [...scored.scores.keys()].map((one) => ({
      ...summaryOf(one, scored.scores, { tasks, best, seed }),
      ...more.get(one.name),
    })),
    scores: [...scored.scores.values()].flat(2).map(({ score }) => score),
    best,
    atoms: withAtoms.filter(({ kind }) => kind === "model")
      .flatMap((one) => latentClasses(one, tasks)),
  };
}
