/**
 * Sparse dictionary learning (DB-KSVD) at transformer scale, on Deno's own WebGPU or on the CPU.
 *
 * @module
 */
export { DbksvdError, type ErrorKind, type ErrorPlace } from "./src/errors.ts";
export { rowsFromArray } from "./src/rows/memory.ts";
export type {
  BatchOptions,
  RowBatch,
  RowFile,
  RowSet,
  RowSource,
} from "./src/rows/source.ts";
export {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "./src/learn/options.ts";
export { train, type TrainResult, type TrainRun } from "./src/use/train.ts";
export {
  type TrainOutput,
  type TrainSummary,
  trainToDirectory,
} from "./src/use/train_directory.ts";
