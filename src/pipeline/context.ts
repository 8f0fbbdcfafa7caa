import type { Engine, EngineSpec } from "../engine/engine.ts";
import type { PipelineSettings } from "./config.ts";
import type { PipelinePlaces } from "./places.ts";
import type { Store } from "./store.ts";
import type { Watch } from "./watch.ts";

/** Everything that the stages of a run share. */
export interface RunContext {
  run: number;
  settings: PipelineSettings;
  places: PipelinePlaces;
  store: Store;
  watch: Watch;
  signal?: AbortSignal;
  createEngine(spec: EngineSpec): Promise<Engine>;
}
