/** A learned dictionary with what is needed to code raw rows with it: ŷ = mean + Σ value·atom. */
export interface DictionaryModel {
  /** n. */
  width: number;
  /** m. */
  atoms: number;
  /** atoms × width, rows of unit length. */
  dictionary: Float32Array;
  /** The training rows' mean, in raw units (zeros without centring). */
  mean: Float32Array;
  /** s = √n / sqrt(mean ‖y − mean‖²) over the training rows (1 without scaling). */
  scale: number;
  /** Uses of every atom over the last pass of training. */
  usage: Uint32Array;
  /** Sizes of nested groups; `[atoms]` when not nested. */
  groups: readonly number[];
  /** The coder that the dictionary was trained for, ridge apart. */
  coder: {
    method: "omp" | "mp";
    sparsity: number;
    nonnegative: boolean;
    tolerance: number;
    refit: boolean;
  };
  seed: number;
  /** Version of the tool that trained it. */
  toolVersion: string;
  /** Names given to atoms (`labels.json`), by atom index. */
  labels?: Record<string, string>;
}

/** Everything recorded of one training: `config.json` in the model directory. */
export interface ModelConfig {
  formatVersion: number;
  toolVersion: string;
  /** Every parameter, as `TrainOptions`. */
  parameters: Record<string, unknown>;
  inputs: { path: string; rows: number; bytes: number }[];
  column?: string;
  /** How the rows were read beside that: what `openRows` was told to leave out or change. */
  reading?: Record<string, unknown>;
  rows: {
    read: number;
    training: number;
    heldOut: number;
    dropped: Record<string, number>;
  };
  device: {
    kind: string;
    name: string;
    software: boolean;
    details: Record<string, unknown>;
  };
  heldOut?: Record<string, number>;
  seconds?: number;
}

/** One line of `metrics.jsonl`. */
export interface MetricsLine {
  iteration: number;
  pass: number;
  rowsSeen: number;
  /** Σ‖r‖²/Σ‖y‖² over the batch after coding, in normalised units. */
  codingFvu: number;
  /** The same after the update. */
  updatedFvu: number;
  /** Mean nonzeros a row. */
  l0: number;
  atomBatch: number;
  deadAtoms: number;
  duplicates: number;
  replaced: number;
  milliseconds: number;
  stages: Record<string, number>;
  /** FVU on the validation rows, where one was computed at this iteration. */
  validationFvu?: number;
}
