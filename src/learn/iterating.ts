import type { Iterating, Training } from "./training.ts";
import { solo } from "../distributed/communicator.ts";
import type { EngineInfo, IterationReport } from "../engine/engine.ts";
import { dealtBatches } from "./shards.ts";
import { GramSharing } from "./gram_sharing.ts";
import { addReports, groupEngine, iterateTogether } from "./together.ts";

/** One process with the whole of every batch. */
export function alone(
  { source, options, hooks, engine, plan, except }: Omit<Training, "iterating">,
): Iterating {
  return {
    batches: (first) =>
      source.batches(plan.batches.slice(first), {
        except,
        signal: hooks.signal,
        shuffleSeed: plan.batches.length > 1 ? options.seed : undefined,
        skipRows: plan.batches.slice(0, first)
          .reduce((sum, rows) => sum + rows, 0),
      }),
    iterate: ({ rows }, step) => engine.iterate(rows, step),
    reports: async (said) => ({ reports: await engine.reports(), said }),
  };
}

/**
 * One of the processes of a group, each with its share of every batch; or the only one.
 *
 * @param training what it is to do
 * @param engines what does the work of each process, in order of rank
 */
export function together(
  training: Omit<Training, "iterating">,
  engines: readonly EngineInfo[],
): Iterating {
  const { source, options, hooks, state, plan, except } = training;
  const group = hooks.group ?? solo();
  const engine = groupEngine(training.engine);
  const way = {
    sumType: options.sumType ?? "f32" as const,
    gram: new GramSharing(engine, group, engines),
  };
  const deal = {
    source,
    shardRows: state.shardRows!,
    batches: plan.batches.length,
    seed: options.seed,
    except,
    signal: hooks.signal,
  };
  let done: IterationReport[] = [];
  return {
    batches: (first) => dealtBatches(deal, first, group),
    async iterate({ rows, parts }, step) {
      const share = { rows, parts: parts! };
      done.push(await iterateTogether(engine, group, share, step, way));
    },
    async reports(said) {
      const reports = done;
      done = [];
      return { said: await addReports(group, reports, said), reports };
    },
  };
}
