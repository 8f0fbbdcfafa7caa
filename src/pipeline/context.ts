import type { Engine, EngineSpec } from "../engine/engine.ts";
import type { RetryLimits } from "../net/request.ts";
import type { PipelineSettings } from "./config.ts";
import type { Findings } from "./inputs.ts";
import type { PipelinePlaces } from "./places.ts";
import type { Store } from "./database.ts";
import type { Watch } from "./watch.ts";

/** Everything that the stages of a run share. */
export interface RunContext {
  run: number;
  settings: PipelineSettings;
  places: PipelinePlaces;
  store: Store;
  watch: Watch;
  signal?: AbortSignal | undefined;
  createEngine(spec: EngineSpec): Promise<Engine>;
  /** The column that the pipeline's rows have come from so far. */
  column?: string | undefined;
  /** What a stored number of the pipeline's rows is. */
  element?: string | undefined;
  /** How long servers are waited for. */
  retry?: Partial<RetryLimits> | undefined;
  /** The inputs that are only ever evaluated on, as this run found them. */
  fixed: Findings;
  onNotice?(notice: string): void;
}
