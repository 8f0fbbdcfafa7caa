import type { EngineSpec } from "../engine.ts";
import type { ProgressReporter } from "../progress.ts";
import type { Context } from "./context.ts";
import type { Crew } from "./crew.ts";
import type { GroupPlace } from "./layout.ts";

/** An engine's parts, as its own thread has them. */
export interface Parts {
  spec: EngineSpec;
  context: Context;
  crew: Crew;
  progress: ProgressReporter;
  /** Groups whose Gram is that of the dictionary as it stands. */
  fresh: Set<GroupPlace>;
}
