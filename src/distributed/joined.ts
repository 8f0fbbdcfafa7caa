import type { Engine, EngineOptions, EngineSpec } from "../engine/engine.ts";
import type { JoinedEngine } from "../engine/group_engine.ts";
import { createLocalEngine } from "../engine/local.ts";
import type { EngineMaker } from "../engine/worker/host.ts";
import type { Adding } from "./communicator.ts";
import { GramSharing } from "./gram_sharing.ts";
import { groupEngine, iterateTogether } from "./iteration.ts";

/**
 * Makes engines in the thread that makes a group's calls, which then iterate together by themselves.
 *
 * @param group asked for with every engine
 */
export function joinedMaker(group: () => Adding): EngineMaker {
  return async (spec: EngineSpec, options: EngineOptions) =>
    join(await createLocalEngine(spec, options), group());
}

function join(made: Engine, group: Adding): JoinedEngine {
  let sharing: GramSharing | undefined;
  let failed: { why: unknown } | undefined;
  const iterates: JoinedEngine["iterateTogether"] = async (rows, step, way) => {
    // The others may have gone on to sums of the iteration that failed here: it takes part in no further one.
    if (failed !== undefined) throw failed.why;
    try {
      const engine = groupEngine(made);
      const gram = sharing ??= new GramSharing(engine, group, way.sharesGram);
      const here = { gram, inPlace: true };
      return await iterateTogether(engine, group, rows, step, way, here);
    } catch (why) {
      failed = { why };
      throw why;
    }
  };
  return Object.assign(made, { iterateTogether: iterates });
}
