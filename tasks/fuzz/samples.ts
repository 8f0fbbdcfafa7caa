// Sound files for the fuzzer to damage, each small.
import { parquetWriteBuffer } from "hyparquet-writer";
import { join } from "node:path";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../../src/options/train_options.ts";
import { freshState } from "../../src/learn/state.ts";
import { dictionaryFileParts } from "../../src/model/dictionary_file.ts";
import type {
  DictionaryModel,
  MetricsLine,
  ModelConfig,
} from "../../src/model/model.ts";
import { npyParts } from "../../src/files/npy.ts";
import {
  float32Tensor,
  safetensorsParts,
  uint32Tensor,
} from "../../src/files/safetensors.ts";
import { zipParts } from "../../src/files/zip.ts";
import { randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { encode } from "../../src/use/encode.ts";
import { joined } from "./mutate.ts";

const ATOMS = 6, WIDTH = 4;

function values(count: number): Float32Array {
  const random = randomStream(7, "samples");
  return Float32Array.from({ length: count }, () => random.normal());
}

function unitRows(): Float32Array {
  const rows = values(ATOMS * WIDTH);
  for (let j = 0; j < ATOMS; j++) {
    const row = rows.subarray(j * WIDTH, (j + 1) * WIDTH);
    const length = Math.hypot(...row);
    row.forEach((value, p) => row[p] = value / length);
  }
  return rows;
}

/** A model of 6 atoms, 4 wide. */
export const MODEL: DictionaryModel = {
  width: WIDTH,
  atoms: ATOMS,
  dictionary: unitRows(),
  mean: values(WIDTH),
  scale: 1.5,
  usage: Uint32Array.of(1, 2, 3, 4, 5, 6),
  groups: [2, 4],
  coder: {
    method: "omp",
    sparsity: 2,
    nonnegative: false,
    tolerance: 0,
    refit: false,
  },
  seed: 0,
  toolVersion: "0.1.0",
};

/** What `config.json` of a model holds. */
export const CONFIG: ModelConfig = {
  formatVersion: 1,
  toolVersion: "0.1.0",
  parameters: { atoms: ATOMS, sparsity: 2 },
  inputs: [{ path: "rows.parquet", rows: 10, bytes: 1000 }],
  rows: { read: 10, training: 9, heldOut: 1, dropped: {} },
  device: { kind: "cpu", name: "a processor", software: false, details: {} },
  heldOut: { fvu: 0.5 },
  seconds: 1,
};

/** A line of `metrics.jsonl`. */
export const METRICS_LINE: MetricsLine = {
  iteration: 0,
  pass: 0,
  rowsSeen: 9,
  codingFvu: 0.5,
  updatedFvu: 0.4,
  l0: 2,
  atomBatch: 1,
  deadAtoms: 0,
  duplicates: 0,
  replaced: 0,
  milliseconds: 1,
  stages: { omp: 1 },
};

/** A dictionary file. */
export function dictionarySample(): Uint8Array<ArrayBuffer> {
  return joined(dictionaryFileParts(MODEL));
}

/** A safetensors file of two tensors. */
export function safetensorsSample(): Uint8Array<ArrayBuffer> {
  return joined(safetensorsParts({
    rows: float32Tensor(values(12), 3, 4),
    counts: uint32Tensor(Uint32Array.of(1, 2), 2),
  }, { note: "x" }));
}

/** A NumPy file of three rows. */
export function npySample(): Uint8Array<ArrayBuffer> {
  return joined(npyParts(values(12), [3, 4]));
}

/** A Gemma Scope archive: a zip of NumPy files. */
export function archiveSample(): Uint8Array<ArrayBuffer> {
  return joined(zipParts({
    "W_enc.npy": npyParts(values(WIDTH * ATOMS), [WIDTH, ATOMS]),
    "W_dec.npy": npyParts(values(WIDTH * ATOMS), [ATOMS, WIDTH]),
    "b_enc.npy": npyParts(values(ATOMS), [ATOMS]),
    "b_dec.npy": npyParts(values(WIDTH), [WIDTH]),
    "threshold.npy": npyParts(values(ATOMS), [ATOMS]),
  }));
}

/** A file of codes with the given rows, as lists in JSON columns: what no writer of codes would make. */
export function oddCodes(
  indices: unknown[],
  coefficients: unknown[],
  rows: number[],
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parquetWriteBuffer({
    columnData: [
      { name: "indices", data: indices, type: "JSON" },
      { name: "values", data: coefficients, type: "JSON" },
      { name: "row", data: rows, type: "DOUBLE" },
    ],
  }));
}

/** A file of codes as `encode` writes it. */
export async function codesSample(
  directory: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = join(directory, "sound-codes.parquet");
  const source = rowsFromArray(values(5 * WIDTH), WIDTH);
  await encode(MODEL, source, { out, device: "cpu" });
  return await Deno.readFile(out);
}

/** The options that {@linkcode CHECKPOINT} goes with. */
export const CHECKPOINT_OPTIONS: TrainOptions = {
  ...DEFAULT_TRAIN_OPTIONS,
  atoms: ATOMS,
  sparsity: 2,
};

/** A checkpoint's contents, as a training of {@linkcode CHECKPOINT_OPTIONS} saves them. */
export const CHECKPOINT = {
  identity: { parameters: {}, inputs: [], firstRows: "" },
  toolVersion: "0.1.0",
  engine: { kind: "cpu", name: "a processor" },
  seconds: 1,
  // The SHA-256 of no bytes.
  metrics: {
    bytes: 0,
    sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  },
  state: {
    ...freshState(
      MODEL.dictionary,
      {
        normalisation: { mean: MODEL.mean, scale: MODEL.scale },
        normLimit: 0,
        farLimit: 0,
        rowLength: 1,
        trainingRows: 9,
      },
      CHECKPOINT_OPTIONS,
    ),
    iteration: 3,
  },
};

/** The weights of a SAELens autoencoder. */
export function saeLensSample(): Uint8Array<ArrayBuffer> {
  const weights = values(WIDTH * ATOMS);
  return joined(safetensorsParts({
    W_enc: float32Tensor(weights, WIDTH, ATOMS),
    W_dec: float32Tensor(weights, ATOMS, WIDTH),
    b_enc: float32Tensor(values(ATOMS), ATOMS),
    b_dec: float32Tensor(values(WIDTH), WIDTH),
  }));
}

/** The configuration that goes with it. */
export const SAE_LENS = {
  architecture: "topk",
  d_in: WIDTH,
  d_sae: ATOMS,
  k: 2,
  dtype: "float32",
  apply_b_dec_to_input: true,
  normalize_activations: "none",
  rescale_acts_by_decoder_norm: false,
  metadata: { model_name: "a model" },
};

/** A pipeline's configuration. */
export const PIPELINE = {
  inputs: ["in/*.parquet"],
  root: "pipe",
  train: { atoms: 256, sparsity: 6, passes: 1 },
};

/** A configuration for `train --config`. */
export const TRAIN = {
  atoms: 64,
  sparsity: 4,
  coder: "mp",
  passes: 2,
  holdout: 0.2,
  matryoshka: "32,32",
  inputs: ["a.parquet"],
  center: false,
};
