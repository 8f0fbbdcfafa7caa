import type { AutoencoderSpec } from "../autoencoder/layout.ts";
import {
  leftToProcessor,
  mayLeaveGpu,
  placeOfTraining,
  processorInfo,
} from "../autoencoder/place.ts";
import { type CodedSample, startFromAtoms } from "../autoencoder/start.ts";
import {
  STEP_ROWS,
  trainAutoencoder,
  trainingSpec,
} from "../autoencoder/train.ts";
import {
  engineCoder,
  type RunOptions,
  type SparseCodes,
} from "../coding/coder.ts";
import { checkWidth, codeRows } from "../coding/rows.ts";
import { EMPTY_SLOT, type EngineInfo } from "../engine/engine.ts";
import { pullInRows } from "../learn/norms.ts";
import { bothSigns } from "../model/both_signs.ts";
import { withoutSharing } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { rowsFromArray } from "../rows/memory.ts";
import type { RowSet, RowSource } from "../rows/source.ts";

/** Steps of a fit where none are asked for. */
export const DEFAULT_STEPS = 600;

/** Rows that a fit holds take this much at most. */
const ROWS_BYTES = 2 ** 28;

/** Most rows that the dictionary codes to find where the fit begins. */
const CODED_ROWS = 16384;

/** The ridge of the choice of atoms in these codes: general atoms are found beside specific ones. */
const CODED_RIDGE = 0.3;

/** Share of the rows that the threshold is set by, a step's at most. */
const THRESHOLD_SHARE = 0.1;

/** Options of {@linkcode fitAutoencoder}. */
export interface FitOptions extends RunOptions {
  /** Whether k latents are active in every row, or in all of a step's rows together. */
  selection: "row" | "batch";
  /** Whether every latent has a threshold of its own. */
  thresholdEach?: boolean | undefined;
  /** Steps of 1024 rows; 600 where left out. */
  steps?: number | undefined;
  /** Learn the encoder only; signed codes then take two latents an atom. */
  fixedAtoms?: boolean | undefined;
  /** Rows to leave out. */
  except?: RowSet | undefined;
  /** Where it is trained, where that was found before; else where the dictionary codes, if that has room. */
  on?: "gpu" | "cpu" | undefined;
}

/** A sparse autoencoder as a fit leaves it, in raw units. */
export interface FittedAutoencoder {
  /** latents × width, rows of unit length. */
  decoder: Float32Array;
  /** latents × width. */
  encoder: Float32Array;
  /** A value a latent. */
  bias: Float32Array;
  /** Pre-activations above which k latents a row are active on average: one for all, or one a latent. */
  thresholds: Float32Array;
  /** What it was fitted to, for how long. */
  fit: AutoencoderFit;
}

/** How an autoencoder was fitted. */
export interface AutoencoderFit {
  /** Rows that it learned from. */
  rows: number;
  /** Steps of Adam. */
  steps: number;
  /** Rows of a step. */
  stepRows: number;
  /** Whether only the encoder learned. */
  fixedAtoms: boolean;
  /** What did the work. */
  device: Omit<EngineInfo, "details">;
  /** Latents that none of the rows made active in the end. */
  deadLatents: number;
  /** Latents that were active in no row for long, or in none at the end, and began again. */
  helpedLatents: number;
}

/**
 * Trains a sparse autoencoder that begins as a dictionary: decoder rows are its atoms, turned so that most of their
 * codes are positive; the encoder is the regression of its codes on the rows. The rows are a seeded sample. Nested
 * groups stay nested: the loss is the mean over prefixes of groups.
 *
 * @param model the dictionary
 * @param source rows to learn from
 * @param options which pre-activations are active; how long; rows to leave out; progress; an `AbortSignal`
 */
export async function fitAutoencoder(
  model: DictionaryModel,
  source: RowSource,
  options: FitOptions,
): Promise<FittedAutoencoder> {
  checkWidth(source, model.width);
  const { selection, steps = DEFAULT_STEPS, fixedAtoms = false } = options;
  const { width, scale, seed, coder: { sparsity } } = model;
  const raw = await sampleRows(model, source, steps, options);
  const count = raw.length / width;
  const { codes, engine } = await codesOf(model, raw, options);
  const all = normalise(model, raw);
  const kept = selection === "batch"
    ? Math.min(STEP_ROWS, Math.floor(count * THRESHOLD_SHARE))
    : 0;
  const rows = all.subarray(0, (count - kept) * width);
  const bothSigned = fixedAtoms && !model.coder.nonnegative;
  const latents = bothSigned ? 2 * model.atoms : model.atoms;
  const training = {
    ...{ width, sparsity, selection, learnsDecoder: !fixedAtoms },
    levels: levelsOf(model, latents),
  };
  const spec = trainingSpec(training, latents, count - kept);
  let device = await trainedBy(spec, engine, options);
  const sample = {
    width,
    rows: all.subarray(0, codes.rows * width),
    codes,
  };
  const start = bothSigned
    ? await startFromBothSigns(model, sample, options.signal)
    : await startFromAtoms(model.dictionary, sample, options.signal);
  const stepRows = Math.min(STEP_ROWS, count - kept);
  const total = steps * stepRows;
  const trained = await trainAutoencoder(rows, start, {
    ...{ ...training, steps, seed },
    ...(kept > 0 && { thresholdRows: all.subarray(rows.length) }),
    thresholdEach: options.thresholdEach,
    device: device.kind,
    threads: options.threads,
    signal: options.signal,
    onGpuLacking: mayLeaveGpu(options.device)
      ? (problem) => device = leaveGpu(problem, options)
      : undefined,
    onStep: (done) => options.onProgress?.({ rows: done * stepRows, total }),
  });
  return {
    decoder: trained.decoder,
    encoder: trained.encoder,
    bias: trained.bias.map((value) => value / scale),
    thresholds: trained.thresholds.map((value) => value / scale),
    fit: {
      ...{ rows: count - kept, steps, stepRows, fixedAtoms },
      device,
      deadLatents: trained.dead,
      helpedLatents: trained.helped,
    },
  };
}

// What trains: the engine that coded, or the processor where a GPU lacks room.
async function trainedBy(
  spec: AutoencoderSpec,
  { kind, name, software }: EngineInfo,
  options: FitOptions,
): Promise<AutoencoderFit["device"]> {
  const { device, threads, on } = options;
  if (on === "cpu" && kind === "gpu") return processorInfo();
  const place = await placeOfTraining(spec, { beside: kind, device, threads });
  if (place.problem !== undefined) return leaveGpu(place.problem, options);
  return { kind, name, software };
}

function leaveGpu(
  problem: string,
  { onNotice }: FitOptions,
): AutoencoderFit["device"] {
  onNotice?.(leftToProcessor(problem));
  return processorInfo();
}

/** The level of every latent: the group of its atom. */
export function levelsOf(
  { groups, atoms }: Pick<DictionaryModel, "groups" | "atoms">,
  latents: number,
): Uint32Array {
  const levels = new Uint32Array(latents);
  let start = 0;
  groups.forEach((size, group) => {
    for (let from = start; from < latents; from += atoms) {
      levels.fill(group, from, from + size);
    }
    start += size;
  });
  return levels;
}

/** Rows that a fit of some steps holds, out of so many of a width. */
export function sampleSize(width: number, rows: number, steps: number): number {
  const most = Math.max(1, Math.floor(ROWS_BYTES / (4 * width)));
  return Math.min(rows, steps * STEP_ROWS, most);
}

// Rows in random order, those beyond the model's limit drawn in to it as in its training.
async function sampleRows(
  { width, mean, normLimit, seed }: DictionaryModel,
  source: RowSource,
  steps: number,
  { except, signal }: FitOptions,
): Promise<Float32Array<ArrayBuffer>> {
  const most = sampleSize(width, source.rowCount, steps);
  const rows = new Float32Array(most * width);
  let filled = 0;
  const batches = source.batches(1024, { shuffleSeed: seed, except, signal });
  for await (const { data } of batches) {
    const part = data.subarray(0, rows.length - filled);
    rows.set(part, filled);
    filled += part.length;
    if (filled === rows.length) break;
  }
  const data = rows.subarray(0, filled);
  if (normLimit !== undefined) {
    pullInRows({ data, rows: filled / width }, mean, normLimit);
  }
  return data;
}

// The first rows' codes, in normalised units, and the engine that found them: the same kind trains.
async function codesOf(
  model: DictionaryModel,
  raw: Float32Array,
  options: FitOptions,
): Promise<{ codes: SparseCodes; engine: EngineInfo }> {
  // As many a row: that is what room is made for, and what the autoencoder has.
  const { width } = model, coder = withoutSharing(model.coder);
  const { sparsity } = coder;
  const selectionRidge = coder.method === "omp"
    ? Math.max(CODED_RIDGE, coder.selectionRidge ?? 0)
    : undefined;
  const rows = Math.min(CODED_ROWS, raw.length / width);
  const engine = await engineCoder({
    ...model,
    coder: { ...coder, ...(selectionRidge && { selectionRidge }) },
  }, options);
  const codes: SparseCodes = {
    ...{ rows, sparsity },
    indices: new Uint32Array(rows * sparsity),
    values: new Float32Array(rows * sparsity),
  };
  const source = rowsFromArray(raw.slice(0, rows * width), width);
  const { signal } = options;
  try {
    for await (
      const { batch, codes: [part] } of codeRows(source, [engine], {
        ...{ signal, whole: true },
      })
    ) {
      codes.indices.set(part.indices, batch.firstRow * sparsity);
      codes.values.set(part.values, batch.firstRow * sparsity);
    }
  } finally {
    await engine.close();
  }
  for (let i = 0; i < codes.values.length; i++) codes.values[i] *= model.scale;
  return { codes, engine: engine.info };
}

// Normalises in place.
function normalise(
  { width, mean, scale }: DictionaryModel,
  rows: Float32Array,
): Float32Array {
  for (let i = 0; i < rows.length; i++) {
    rows[i] = (rows[i] - mean[i % width]) * scale;
  }
  return rows;
}

// Latents of [D; −D]: an atom's positive codes, and its negative ones.
function startFromBothSigns(
  { atoms, dictionary }: DictionaryModel,
  { width, rows, codes }: CodedSample,
  signal?: AbortSignal,
) {
  const indices = codes.indices.map((atom, e) =>
    atom !== EMPTY_SLOT && codes.values[e] < 0 ? atom + atoms : atom
  );
  const values = codes.values.map(Math.abs);
  const split = { ...codes, indices, values };
  return startFromAtoms(
    bothSigns(dictionary),
    { width, rows, codes: split },
    signal,
  );
}
