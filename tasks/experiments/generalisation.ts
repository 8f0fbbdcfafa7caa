import { fileURLToPath } from "node:url";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { train } from "../../src/use/train.ts";

/** A data set of the ablation, and the dictionary that is learned from it. */
export interface DataSet {
  name: string;
  options: Pick<TrainOptions, "atoms" | "sparsity">;
  open(seed: number): Promise<RowSource>;
}

/** The sample that the repository carries. */
export const SAMPLE = fileURLToPath(
  new URL("../../samples/glove-10k.parquet", import.meta.url),
);

/** Real rows, planted rows, and rows as a language model's activations are thought to be. */
export const DATA_SETS: readonly DataSet[] = [
  {
    name: "sample (512, 8)",
    options: { atoms: 512, sparsity: 8 },
    open: () => openRows([SAMPLE]),
  },
  {
    name: "planted (256, 5)",
    options: { atoms: 256, sparsity: 5 },
    open: (seed) =>
      Promise.resolve(rowsFromArray(
        plantRows({ rows: 6000, width: 64, atoms: 256, sparsity: 5, seed })
          .data,
        64,
      )),
  },
  {
    name: "generated activations (512, 8)",
    options: { atoms: 512, sparsity: 8 },
    open: (seed) =>
      Promise.resolve(rowsFromArray(
        plantRows({
          rows: 6000,
          width: 96,
          atoms: 1024,
          sparsity: 12,
          coefficients: "exponential",
          noise: 0.2,
          zipf: 1,
          correlation: 0.5,
          seed,
        }).data,
        96,
      )),
  },
];

/** Options of DB-KSVD as in its paper: all rows in one batch here, no ridge, no memory, all nonzeros from the start. */
const paper = (set: DataSet): Partial<TrainOptions> => ({
  ridge: 0,
  memory: 0,
  startSparsity: set.options.sparsity,
});

/** What differs from the defaults, by name. */
export const VARIANTS: Readonly<
  Record<string, (set: DataSet) => Partial<TrainOptions>>
> = {
  "defaults": () => ({}),
  "no ridge": () => ({ ridge: 0 }),
  "ridge 2": () => ({ ridge: 2 }),
  "no memory": () => ({ memory: 0 }),
  "no memory, batches of 1024": () => ({ memory: 0, sampleBatch: 1024 }),
  "memory 20": () => ({ memory: 20 }),
  "memory 80": () => ({ memory: 80 }),
  "full sparsity from the start": (set) => ({
    startSparsity: set.options.sparsity,
  }),
  "one nonzero at the start": () => ({ startSparsity: 1 }),
  "3 power steps": () => ({ powerSteps: 3 }),
  "atom batch 1": () => ({ atomBatch: 1 }),
  "atom batch m/8": (set) => ({ atomBatch: set.options.atoms / 8 }),
  "early stopping (patience 2)": () => ({ patience: 2 }),
  "the paper's": paper,
  "the paper's, with ridge": (set) => ({ ...paper(set), ridge: 1 }),
  "defaults, 3 passes": () => ({ passes: 3 }),
  "the paper's, 3 passes": (set) => ({ ...paper(set), passes: 3 }),
  "defaults, 30 passes": () => ({ passes: 30 }),
};

/** Held-out and training FVU, dead atoms and least uses, means over seeds. */
export interface Outcome {
  heldOut: number;
  training: number;
  leastUses: number;
}

/** Trains a variant on a data set once for each seed. */
export async function outcomeOf(
  set: DataSet,
  changes: Partial<TrainOptions>,
  seeds: number,
): Promise<Outcome> {
  const outcome = { heldOut: 0, training: 0, leastUses: Infinity };
  for (let seed = 0; seed < seeds; seed++) {
    const source = await set.open(seed);
    const { heldOut, training, model } = await train(
      source,
      { ...set.options, ...changes, seed },
      { createEngine: createReferenceEngine },
    );
    await source.close();
    outcome.heldOut += heldOut!.fvu / seeds;
    outcome.training += training!.fvu / seeds;
    outcome.leastUses = Math.min(outcome.leastUses, ...model.usage);
  }
  return outcome;
}
