import type { EngineSpec } from "../engine/engine.ts";
import { codingOf } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";

/** Values of the largest array that a batch gives rise to (its rows, or their correlations). */
const BATCH_VALUES = 2 ** 26;

/** Most rows in a batch. */
const BATCH_ROWS = 16384;

/** Rows that a batch holds, so that a batch's arrays stay within bounds whatever the width and the number of atoms. */
export function rowsAtOnce(width: number, atoms: number): number {
  const rows = Math.floor(BATCH_VALUES / Math.max(width, atoms));
  return Math.max(1, Math.min(BATCH_ROWS, rows));
}

/** The engine that codes rows with a learned dictionary. */
export function codingSpec(
  model: DictionaryModel,
  sampleBatch: number = rowsAtOnce(model.width, model.atoms),
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
