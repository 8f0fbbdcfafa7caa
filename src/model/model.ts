import type { Labels } from "../labels/label.ts";
import type { SparseAutoencoder } from "./autoencoder.ts";
import type { ModelCoder } from "../options/model_coder.ts";

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
  /**
   * Rows further from the mean than this (raw units) were pulled in to it while it learned (`normCap`); absent: none
   * were.
   */
  normLimit?: number | undefined;
  /** Uses of every atom over the last pass of training. */
  usage: Uint32Array;
  /** Sizes of nested groups; `[atoms]` when not nested. */
  groups: readonly number[];
  /** How rows are coded. */
  coder: ModelCoder;
  /** The seed that it was trained with. */
  seed: number;
  /** Version of the tool that trained it. */
  toolVersion: string;
  /** Names given to atoms (`labels.json`), by atom index. */
  labels?: Labels | undefined;
  /** The autoencoder whose decoder this is: its encoder gives the activations. Not saved. */
  autoencoder?: SparseAutoencoder | undefined;
}

/** Everything recorded of one training: `config.json` in the model directory. */
export interface ModelConfig {
  /** Version of the directory's format. */
  formatVersion: number;
  /** Version of the tool that trained it. */
  toolVersion: string;
  /** Every parameter, as `TrainOptions`. */
  parameters: Record<string, unknown>;
  /** What it was trained on. */
  inputs: {
    path: string;
    rows: number;
    bytes: number;
    digest?: string | undefined;
  }[];
  /** The column of the inputs with the vectors. */
  column?: string | undefined;
  /** How the rows were read beside that: what `openRows` was asked to leave out or change. */
  reading?: Record<string, unknown>;
  /** How many rows were read, trained on, held out and dropped. */
  rows: {
    read: number;
    training: number;
    heldOut: number;
    /** Training rows of huge norm that were pulled in to the limit (`normCap`). */
    capped?: number;
    dropped: Record<string, number>;
  };
  /** What held-out rows were kept together by: `outer`, what nested rows are in, or a column; absent: `row`. */
  holdoutBy?: string;
  /** The threshold by which rows share their nonzeros, and their mean on the rows that it was found on. */
  calibration?: {
    threshold: number;
    l0: number;
    on: "validation" | "held-out" | "training";
    rows: number;
  };
  /** What lay among the inputs and was not read. */
  notRead?: { reason: string; count: number; paths: string[] }[];
  /** What ran the training. */
  device: {
    kind: string;
    name: string;
    software: boolean;
    details: Record<string, unknown>;
  };
  /** The training of its atoms as a decoder after the passes (`decoderSteps`), where there was one. */
  decoder?: {
    /** What ran it. */
    device: { kind: string; name: string; software: boolean };
  };
  /** The processes that trained together, where several did. */
  distributed?: {
    /** How many. */
    ranks: number;
    /** What carried their sums. */
    library: string;
    /** What did the work of each. */
    devices: string[];
  };
  /** Metrics on the held-out rows. */
  heldOut?: Record<string, number> | undefined;
  /** The same on as many training rows: the gap tells how much was learned by heart. */
  training?: Record<string, number> | undefined;
  /** Time the training took. */
  seconds?: number | undefined;
}

/** One line of `metrics.jsonl`. */
export interface MetricsLine {
  /** Counted from 0 over the whole training. */
  iteration: number;
  /** Pass over the data, counted from 0. */
  pass: number;
  /** Rows used so far, over all passes. */
  rowsSeen: number;
  /** Σ‖r‖²/Σ‖y‖² over the batch after coding, in normalised units. */
  codingFvu: number;
  /** The same after the update. */
  updatedFvu: number;
  /** Mean nonzeros a row. */
  l0: number;
  /** Atoms updated from one residual. */
  atomBatch: number;
  /** Atoms used too little over the last pass. */
  deadAtoms: number;
  /** Atoms that nearly equal a more used one. */
  duplicates: number;
  /** Atoms replaced in this iteration. */
  replaced: number;
  /** Device time, where it can be measured; else wall time. */
  milliseconds: number;
  /** The same by stage. */
  stages: Record<string, number>;
  /** FVU on the validation rows, where one was computed at this iteration. */
  validationFvu?: number | undefined;
}
