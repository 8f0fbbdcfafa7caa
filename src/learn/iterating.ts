import type { Iterating, Training } from "./training.ts";
import { type Communicator, solo } from "../distributed/communicator.ts";
import type {
  EngineInfo,
  EngineRows,
  IterationReport,
  IterationStep,
} from "../engine/engine.ts";
import type {
  GroupEngine,
  GroupWay,
  JoinedEngine,
} from "../engine/group_engine.ts";
import { dealtBatches } from "./shards.ts";
import { areAlike, GramSharing } from "../distributed/gram_sharing.ts";
import { groupEngine, iterateTogether } from "../distributed/iteration.ts";
import { addReports } from "./together.ts";

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
  const sharesGram = areAlike(engines), sumType = options.sumType ?? "f32";
  const deal = {
    source,
    shardRows: state.shardRows!,
    batches: plan.batches.length,
    seed: options.seed,
    mayLack: options.statsRows !== undefined,
    except,
    signal: hooks.signal,
  };
  const iterates = "iterateTogether" in training.engine
    ? iteratesAhead(training.engine as JoinedEngine)
    : iteratesHere(groupEngine(training.engine), group, sharesGram);
  let done: Promise<IterationReport>[] = [];
  return {
    batches: (first) => dealtBatches(deal, first, group),
    async iterate({ rows, parts }, step) {
      const way = { parts: parts!, sumType, sharesGram };
      const { report, next } = iterates(rows, step, way);
      // Whoever comes next learns of a failure; it is not unhandled until then.
      report.catch(() => {});
      done.push(report);
      await next;
    },
    async reports(said) {
      const reports = await Promise.all(done);
      done = [];
      return { said: await addReports(group, reports, said), reports };
    },
  };
}

/** Begins an iteration: its report, and from when the next one may begin. */
type Iterates = (
  rows: EngineRows,
  step: IterationStep,
  way: GroupWay,
) => { report: Promise<IterationReport>; next: Promise<unknown> };

// In the thread that makes the group's calls, where one more batch waits beside the one at work: see `Engine.iterate`.
function iteratesAhead(engine: JoinedEngine): Iterates {
  let last: Promise<unknown> = Promise.resolve();
  return (rows, step, way) => {
    const next = last, report = engine.iterateTogether(rows, step, way);
    last = report;
    return { report, next };
  };
}

// From this thread, where the group's calls are made.
function iteratesHere(
  engine: GroupEngine,
  group: Communicator,
  sharesGram: boolean,
): Iterates {
  const gram = new GramSharing(engine, group, sharesGram);
  return (rows, step, way) => {
    const here = { gram };
    const report = iterateTogether(engine, group, rows, step, way, here);
    return { report, next: report };
  };
}
