/**
 * The engines themselves, for programs that code or iterate by their own rules, and the processes of an MPI job.
 *
 * @module
 */
import "./src/library.ts";
export { createEngine, type WorkerEngineOptions } from "./src/engine/create.ts";
export type { EngineThread } from "./src/engine/worker/line.ts";
export { EMPTY_SLOT } from "./src/engine/engine.ts";
export { groupSparsities } from "./src/engine/group_sparsities.ts";
export type {
  CoderOptions,
  Codes,
  DeviceChoice,
  Engine,
  EngineInfo,
  EngineOptions,
  EngineProgress,
  EngineRows,
  EngineSpec,
  IterationReport,
  IterationStep,
  Normalisation,
} from "./src/engine/engine.ts";
export type {
  Communicator,
  Spent,
  Summable,
} from "./src/distributed/communicator.ts";
export { joinMpi } from "./src/distributed/mpi.ts";
export type { ReadVariable } from "./src/distributed/mpi/launcher.ts";
