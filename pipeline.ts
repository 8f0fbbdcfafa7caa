/**
 * Pipelines: a dictionary that is kept up with new data, night after night.
 *
 * @module
 */
import "./src/library.ts";
export { type PipelineOptions, runPipeline } from "./src/pipeline/run.ts";
export {
  type PipelineClock,
  type ScheduleOptions,
  schedulePipeline,
} from "./src/pipeline/schedule.ts";
export {
  type PipelineHistory,
  pipelineHistory,
  type PipelineStatus,
  pipelineStatus,
  type RunRecord,
} from "./src/pipeline/status.ts";
export {
  type Release,
  releaseDrop,
  rollbackPipeline,
} from "./src/pipeline/by_hand.ts";
export type {
  NotifyEvent,
  PipelineConfig,
  PipelineExport,
  PipelineRowOptions,
  PipelineTrainConfig,
} from "./src/pipeline/config.ts";
export type { PipelineInput } from "./src/pipeline/input_patterns.ts";
export type { PipelineRun } from "./src/pipeline/run_record.ts";
export type { Scores } from "./src/pipeline/evaluate.ts";
export type { RetryLimits } from "./src/net/request.ts";
export type { MissingInput } from "./src/pipeline/inputs.ts";
export type { VersionRecord } from "./src/pipeline/history.ts";
export type {
  EventSink,
  Heartbeat,
  PipelineEvent,
} from "./src/pipeline/watch.ts";
