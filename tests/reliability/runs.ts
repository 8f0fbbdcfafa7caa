// Small trainings that many tests of reliability share.
import { join } from "node:path";
import { randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";

/** Normal rows: nothing is held, nothing is asked of their values. */
export function noise(rows: number, width: number, seed = 1): Float32Array {
  const random = randomStream(seed, "noise");
  return Float32Array.from({ length: rows * width }, () => random.normal());
}

/** A source of 300 rows, 8 wide. */
export function smallSource(seed = 1): RowSource {
  return rowsFromArray(noise(300, 8, seed), 8);
}

/** 4 passes of 3 batches: 12 iterations, a decision after every third. */
export const SMALL: Partial<TrainOptions> = {
  atoms: 16,
  sparsity: 2,
  passes: 4,
  sampleBatch: 100,
};

/** The bytes of a model's dictionary file. */
export function dictionaryBytes(model: string): Promise<Uint8Array> {
  return Deno.readFile(join(model, "dictionary.safetensors"));
}
