import type { Engine, EngineSpec } from "../engine/engine.ts";
import {
  type AtomUse,
  createMetrics,
  type RowMetrics,
} from "../metrics/accumulator.ts";
import {
  type CodeDistributions,
  createDistributions,
} from "../metrics/distributions.ts";
import { codingOf } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";

/** Rows coded at a time where only their metrics are wanted. */
const ROWS_AT_ONCE = 4096;

/** The engine that codes rows with a learned dictionary. */
export function codingSpec(
  model: DictionaryModel,
  sampleBatch: number,
): EngineSpec {
  return {
    width: model.width,
    atoms: model.atoms,
    ...codingOf(model),
    normalisation: { mean: model.mean, scale: model.scale },
    sampleBatch,
    powerSteps: 1,
    exact: false,
    gram: "f32",
    rows: "f32",
  };
}

/** Metrics of some rows, with what a report shows beyond numbers. */
export interface Measured {
  /** The metrics. */
  metrics: RowMetrics;
  /** How often each atom is used. */
  use: AtomUse;
  /** How code values and nonzeros are spread. */
  distributions: CodeDistributions;
}

/**
 * Codes rows with a model, without ridge, and measures the reconstructions.
 *
 * @param model the dictionary
 * @param source the rows
 * @param options which rows, and the engine's maker
 */
export async function measure(
  model: DictionaryModel,
  source: RowSource,
  options: BatchOptions & { createEngine(spec: EngineSpec): Promise<Engine> },
): Promise<Measured> {
  const { createEngine, ...delivery } = options;
  const engine = await createEngine(codingSpec(model, ROWS_AT_ONCE));
  try {
    await engine.loadDictionary(model.dictionary);
    const metrics = createMetrics(model);
    const distributions = createDistributions();
    for await (const batch of source.batches(ROWS_AT_ONCE, delivery)) {
      // A copy: an engine may take the buffer with it to another thread.
      const rows = batch.data.slice();
      const codes = await engine.encode(batch);
      metrics.add(rows, codes);
      distributions.add(codes);
      batch.release?.();
    }
    return {
      metrics: metrics.result(),
      use: metrics.use(),
      distributions: distributions.result(),
    };
  } finally {
    await engine.close();
  }
}
