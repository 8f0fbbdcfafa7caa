import type { DictionaryModel } from "../model/model.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { RunOptions } from "../coding/coder.ts";
import { checkWidth } from "../coding/rows.ts";
import {
  EncoderOptimiser,
  type Latents,
  type Selection,
} from "./encoder_optimiser.ts";

/** Most rows that an encoder is fitted to. */
const FIT_ROWS = 16384;

/** Passes over them. */
const PASSES = 12;

/** Multiplications that a fit may take: large models get fewer passes. */
const BUDGET = 4e11;

/** Rows a step. */
const STEP_ROWS = 256;

/** A linear encoder: latents are the largest of W·(y − mean) + bias, or those above the threshold. */
export interface LinearEncoder {
  /** atoms × width. */
  weights: Float32Array;
  /** In raw units. */
  bias: Float32Array;
  /** The pre-activation above which k latents a row are active on average, in raw units. */
  threshold: number;
  /** Rows that it was fitted to. */
  rows: number;
}

/** The latents of a model: its atoms, and their negatives where its codes are signed. */
export function latentsOf(model: DictionaryModel): Latents {
  const { width, atoms, dictionary } = model;
  if (model.coder.nonnegative) return { width, atoms, dictionary };
  const both = new Float32Array(2 * dictionary.length);
  both.set(dictionary);
  both.set(dictionary.map((value) => -value), dictionary.length);
  return { width, atoms: 2 * atoms, dictionary: both };
}

/**
 * Fits a linear encoder to a dictionary, which stays as it is: from W = D, Adam steps lower the error of rows rebuilt
 * from their largest pre-activations (a TopK or BatchTopK autoencoder with a frozen decoder). The rows are a seeded
 * sample.
 *
 * @param model the dictionary
 * @param source rows to fit to
 * @param options whether k latents are active in every row or on average; rows to leave out; progress; an `AbortSignal`
 */
export async function fitEncoder(
  model: DictionaryModel,
  source: RowSource,
  options: RunOptions & { except?: RowSet | undefined; selection: Selection },
): Promise<LinearEncoder> {
  checkWidth(source, model.width);
  const latents = latentsOf(model);
  const rows = await sampleRows(model, source, options);
  const count = rows.length / model.width;
  const k = model.coder.sparsity;
  const weights = latents.dictionary.slice();
  const optimiser = new EncoderOptimiser(
    latents,
    weights,
    rows,
    options.selection,
    options.signal,
  );
  const perPass = count * model.width * latents.atoms;
  const perPassSteps = Math.ceil(count / STEP_ROWS);
  const steps = Math.ceil(
    perPassSteps * Math.min(PASSES, Math.max(0.1, BUDGET / perPass)),
  );
  const rowsBy = (step: number) =>
    Math.floor(step / perPassSteps) * count +
    Math.min(count, (step % perPassSteps) * STEP_ROWS);
  await scaleToRows(optimiser, weights, k, count);
  for (let step = 0; step < steps; step++) {
    const start = (step % perPassSteps) * STEP_ROWS;
    await optimiser.step(start, Math.min(count, start + STEP_ROWS), k, {
      rate: 0.01 / Math.sqrt(model.width) * (1 - step / steps),
    });
    options.onProgress?.({ rows: rowsBy(step + 1), total: rowsBy(steps) });
  }
  return {
    weights,
    bias: optimiser.bias.map((value) => value / model.scale),
    threshold: await thresholdFor(optimiser, k, count) / model.scale,
    rows: count,
  };
}

// Normalised rows in random order, so that one step size suits all data.
async function sampleRows(
  model: DictionaryModel,
  source: RowSource,
  options: RunOptions & { except?: RowSet | undefined },
): Promise<Float32Array> {
  const { width, mean, scale } = model;
  const most = Math.min(FIT_ROWS, source.rowCount);
  const rows = new Float32Array(most * width);
  let filled = 0;
  const batches = source.batches(1024, {
    shuffleSeed: model.seed,
    except: options.except,
    signal: options.signal,
  });
  for await (const { data } of batches) {
    const part = data.subarray(0, rows.length - filled);
    rows.set(part, filled);
    filled += part.length;
    if (filled === rows.length) break;
  }
  const taken = rows.subarray(0, filled);
  for (let i = 0; i < taken.length; i++) {
    taken[i] = (taken[i] - mean[i % width]) * scale;
  }
  return taken;
}

// W = g·D with the g that rebuilds some rows best: similar atoms are chosen together and overshoot.
async function scaleToRows(
  optimiser: EncoderOptimiser,
  weights: Float32Array,
  k: number,
  count: number,
) {
  const factor = await optimiser.bestFactor(
    0,
    Math.min(count, 4 * STEP_ROWS),
    k,
  );
  for (let i = 0; i < weights.length; i++) weights[i] *= factor;
}

// The mean over batches of the value that k pre-activations a row exceed.
async function thresholdFor(
  optimiser: EncoderOptimiser,
  k: number,
  count: number,
): Promise<number> {
  let sum = 0;
  let batches = 0;
  for (let start = 0; start < count && batches < 16; start += STEP_ROWS) {
    sum += await optimiser.floor(start, Math.min(count, start + STEP_ROWS), k);
    batches++;
  }
  return sum / batches;
}
