/**
 * Sparse dictionary learning (DB-KSVD) at transformer scale, on Deno's own WebGPU or on the CPU.
 *
 * @module
 */
import "./src/library.ts";
export { DbksvdError, type ErrorKind, type ErrorPlace } from "./src/errors.ts";
export { rowsFromArray } from "./src/rows/memory.ts";
export { rowsFrom, type RowsFromOptions } from "./src/rows/iterable.ts";
export type { NotRead, NotReadReason } from "./src/rows/not_read.ts";
export type { Fingerprint } from "./src/rows/fingerprint.ts";
export type {
  BatchOptions,
  ColumnValues,
  RowBatch,
  RowFile,
  RowSet,
  RowSource,
} from "./src/rows/source.ts";
export {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "./src/options/train_options.ts";
export type {
  Communicator,
  Spent,
  Summable,
} from "./src/distributed/communicator.ts";
export {
  train,
  type TrainedModel,
  type TrainResult,
  type TrainRun,
} from "./src/use/train.ts";
export { type DryRun, dryRun } from "./src/use/dry_run.ts";
export type { DecoderPlan } from "./src/use/estimate_decoder.ts";
export type { CpuPlan } from "./src/engine/cpu/plan.ts";
export {
  type TrainOutput,
  type TrainSummary,
  trainToDirectory,
} from "./src/use/train_directory.ts";
export {
  type DictionaryModel,
  type MetricsLine,
  type ModelConfig,
} from "./src/model/model.ts";
export type { MetricsLines } from "./src/model/metrics_lines.ts";
export {
  type LoadedModel,
  loadModel,
  saveModel,
} from "./src/model/directory.ts";
export type { Activation, SparseAutoencoder } from "./src/model/autoencoder.ts";
export { type Decoder, reconstruct } from "./src/model/reconstruct.ts";
export {
  type AnyModel,
  loadAnyModel,
  loadDictionary,
} from "./src/use/models.ts";
export { withCoder } from "./src/use/coder_changes.ts";
export type { ModelCoder } from "./src/options/model_coder.ts";
export type { CoderChanges } from "./src/use/coder_changes.ts";
export { shareNonzeros } from "./src/use/share_nonzeros.ts";
export type {
  SharedNonzeros,
  SharingOptions,
} from "./src/use/share_nonzeros.ts";
export type {
  CreateEngine,
  EngineChoice,
  RunOptions,
  SparseCodes,
  UseProgress,
} from "./src/coding/coder.ts";
export {
  encode,
  type EncodedRows,
  type EncodeOptions,
  type EncodeResult,
  encodeRows,
} from "./src/use/encode.ts";
export type { CodesFileOptions } from "./src/use/codes_file.ts";
export type { Compression } from "./src/parquet/write/codecs.ts";
export {
  decode,
  type DecodeOptions,
  type DecodeResult,
} from "./src/use/decode.ts";
export {
  type DetailedEvaluation,
  evaluate,
  evaluateAll,
  type EvaluateOptions,
  type Evaluation,
  type Metrics,
  type NamedModel,
} from "./src/use/evaluate.ts";
export { inspect, type Inspection } from "./src/inspection/inspect.ts";
export type { InspectOptions } from "./src/inspection/options.ts";
export type { NormForm } from "./src/inspection/logits/unembedding.ts";
export type { AtomReading } from "./src/model/atom_reading.ts";
export {
  type AtomDescription,
  describeAtom,
  type ShownRow,
  type SideDescription,
  type SideLogits,
  type TokenLogit,
} from "./src/inspection/describe.ts";
export {
  describeRow,
  type RowDescription,
} from "./src/inspection/describe_row.ts";
export { type AtomHit, searchAtoms } from "./src/inspection/search.ts";
export type { TokenTexts } from "./src/files/tokenizer.ts";
export { compare, type Comparison } from "./src/use/compare.ts";
export { labelAtoms } from "./src/use/labels.ts";
export type {
  AtomLabel,
  LabelEntry,
  Labels,
  LabelSource,
} from "./src/labels/label.ts";
export {
  type ExportMetrics,
  exportModel,
  type ExportOptions,
  type ExportResult,
  type NumberMetrics,
} from "./src/use/export.ts";
export {
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportNames,
} from "./src/use/export_formats.ts";
export type { ExportTraining } from "./src/use/export_training.ts";
export type { AutoencoderFit } from "./src/use/fit_autoencoder.ts";
export { importModel } from "./src/use/import.ts";
export { listColumns, openRows, type VectorColumn } from "./src/rows/open.ts";
export type { OpenRowsOptions } from "./src/rows/options.ts";
export type { DeviceChoice } from "./src/engine/engine.ts";
export type {
  CoderOptions,
  Codes,
  Engine,
  EngineInfo,
  EngineProgress,
  EngineRows,
  EngineSpec,
  IterationReport,
  IterationStep,
  Normalisation,
} from "./src/engine/engine.ts";
export type {
  AtomUse,
  PrefixMetrics,
  RowMetrics,
} from "./src/metrics/accumulator.ts";
export type {
  CoherenceMetrics,
  RecoveryMetrics,
} from "./src/metrics/dictionary.ts";
export type { CodeDistributions } from "./src/metrics/distributions.ts";
export type { Histogram } from "./src/metrics/histogram.ts";
export type { AtomTable as Atoms } from "./src/metrics/similarity.ts";
export type { QualityMetrics } from "./src/metrics/sums.ts";
export type {
  ActivationHistograms,
  AtomLogits,
  AtomTable,
  BrowserData,
  FiringTogether,
  LatentRows,
  NearestAtoms,
  PictureFile,
  PictureTable,
  SampleTable,
  TokenLogits,
} from "./src/report/data.ts";
export type { RowText } from "./src/inspection/latent_rows.ts";
export type { LearnedRows, LearnHooks } from "./src/learn/hooks.ts";
export type { Measured } from "./src/use/measure_sets.ts";
export type { CheckpointSchedule } from "./src/use/unfinished.ts";
export type { UsageWindow } from "./src/learn/housekeeping.ts";
export type { LearnState } from "./src/learn/state.ts";
export type { TrainingPlan } from "./src/learn/plan.ts";
export {
  DEFAULT_PLANTED_OPTIONS,
  type PlantedData,
  type PlantedOptions,
  plantRows,
} from "./src/synthetic/planted.ts";
export {
  synthesize,
  type SynthesizeOptions,
  type SynthesizeResult,
} from "./src/use/synthesize.ts";
export {
  sweep,
  sweepColumns,
  type SweepEntry,
  type SweepOptions,
  type SweepOutput,
  type SweepResult,
  type SweepRun,
  type SweepScorer,
  type SweptOptions,
} from "./src/use/sweep.ts";
export { probe } from "./src/probing/probe.ts";
export type { ProbeOptions, ScrAttribute } from "./src/probing/options.ts";
export type { Absorption } from "./src/metrics/probe_result.ts";
export type {
  BestLatent,
  ClassScore,
  LatentClass,
  ProbedLatent,
  ProbeResult,
  ProbeSummary,
} from "./src/metrics/probe_result.ts";
export type { Baseline } from "./src/metrics/probe_baseline.ts";
export type { LatentFit } from "./src/metrics/probe_result.ts";
