import type { DictionaryModel, ModelConfig } from "../../src/model/model.ts";
import { randomStream } from "../../src/random.ts";

/** A small random model; every test that needs another one says how it differs. */
export function makeModel(
  parts: Partial<DictionaryModel> & { width: number; atoms: number },
): DictionaryModel {
  const { width, atoms } = parts;
  const random = randomStream(7, "model", width, atoms);
  const dictionary = new Float32Array(atoms * width);
  for (let atom = 0; atom < atoms; atom++) {
    const row = Float64Array.from({ length: width }, () => random.normal());
    const length = Math.hypot(...row);
    dictionary.set(row.map((value) => value / length), atom * width);
  }
  return {
    dictionary,
    mean: Float32Array.from({ length: width }, () => random.normal() / 2),
    scale: Math.fround(1.5),
    usage: Uint32Array.from({ length: atoms }, (_, atom) => atom),
    groups: [atoms],
    coder: {
      method: "omp",
      sparsity: 3,
      nonnegative: false,
      tolerance: 0,
      refit: false,
      refine: 0,
    },
    seed: 5,
    toolVersion: "0.1.0",
    ...parts,
  };
}

/** Rows drawn around a model's mean: sparse combinations of its atoms and noise. */
export function makeRows(
  model: DictionaryModel,
  rows: number,
  noise = 0.1,
): Float32Array<ArrayBuffer> {
  const random = randomStream(11, "rows", rows);
  const { width, atoms, dictionary, mean } = model;
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const y = Float64Array.from(mean, (b) => b + noise * random.normal());
    for (let use = 0; use < 3; use++) {
      const atom = random.integer(atoms);
      const value = (1 + random.uniform()) * (random.uniform() < 0.5 ? -1 : 1);
      for (let d = 0; d < width; d++) {
        y[d] += value * dictionary[atom * width + d];
      }
    }
    data.set(y, row * width);
  }
  return data;
}

/** The record of a training that never was. */
export const CONFIG: ModelConfig = {
  formatVersion: 1,
  toolVersion: "0.1.0",
  parameters: { atoms: 8, sparsity: 3 },
  inputs: [{ path: "rows.parquet", rows: 100, bytes: 1234 }],
  column: "embedding",
  rows: { read: 100, training: 90, heldOut: 10, dropped: {} },
  device: { kind: "cpu", name: "test", software: false, details: {} },
};
