import { createReferenceEngine } from "../../src/engine/reference.ts";
import { learn } from "../../src/learn/learn.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../../src/options/train_options.ts";
import { randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";

/** A planted problem to be recovered. */
export interface RecoveryProblem {
  data: Float32Array;
  width: number;
  truth: Float32Array;
}

/**
 * The classic K-SVD experiment (Aharon, Elad and Bruckstein 2006, section V.A): 1500 rows of 3 of 50 atoms in 20
 * dimensions, atoms uniform in [−1, 1] and normalised, Gaussian coefficients, white noise.
 *
 * @param decibels signal to noise; Infinity for none
 */
export function classicProblem(
  decibels: number,
  trial: number,
): RecoveryProblem {
  const width = 20, atoms = 50, rows = 1500, sparsity = 3;
  const random = randomStream(trial, "classic", String(decibels));
  const truth = new Float32Array(atoms * width);
  for (let j = 0; j < atoms; j++) {
    const atom = Array.from({ length: width }, () => 2 * random.uniform() - 1);
    const length = Math.hypot(...atom);
    truth.set(atom.map((v) => v / length), j * width);
  }
  const data = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const support = new Set<number>();
    while (support.size < sparsity) support.add(random.integer(atoms));
    for (const j of support) {
      const x = random.normal();
      for (let p = 0; p < width; p++) {
        data[i * width + p] += x * truth[j * width + p];
      }
    }
  }
  const signal = data.reduce((sum, v) => sum + v * v, 0) / data.length;
  const spread = Math.sqrt(signal / 10 ** (decibels / 10));
  for (let e = 0; e < data.length; e++) data[e] += spread * random.normal();
  return { data, width, truth };
}

/** KSVD.jl's toy problem: codes 1 + U(0, 1), Gaussian atoms, noise of a share of the mean row length over √n. */
export function toyProblem(
  sizes: { width: number; atoms: number; rows: number; sparsity: number },
  seed: number,
): RecoveryProblem {
  const { width, atoms, rows, sparsity } = sizes;
  const random = randomStream(seed, "toy");
  const truth = new Float32Array(atoms * width);
  for (let j = 0; j < atoms; j++) {
    const atom = Array.from({ length: width }, () => random.normal());
    const length = Math.hypot(...atom);
    truth.set(atom.map((v) => v / length), j * width);
  }
  const data = new Float32Array(rows * width);
  let lengths = 0;
  for (let i = 0; i < rows; i++) {
    const support = new Set<number>();
    while (support.size < sparsity) support.add(random.integer(atoms));
    for (const j of support) {
      const x = 1 + random.uniform();
      for (let p = 0; p < width; p++) {
        data[i * width + p] += x * truth[j * width + p];
      }
    }
    lengths += Math.hypot(...data.subarray(i * width, (i + 1) * width));
  }
  const spread = 0.05 * lengths / rows / Math.sqrt(width);
  for (let e = 0; e < data.length; e++) data[e] += spread * random.normal();
  return { data, width, truth };
}

/** True atoms that some learned atom matches with |⟨d, d̂⟩| > 0.99. */
export async function recovered(
  { data, width, truth }: RecoveryProblem,
  options: Partial<TrainOptions>,
): Promise<number> {
  const { model } = await learn(rowsFromArray(data, width), {
    ...DEFAULT_TRAIN_OPTIONS,
    ...options,
    center: false,
  }, { createEngine: createReferenceEngine });
  let found = 0;
  for (let j = 0; j < truth.length; j += width) {
    for (let i = 0; i < model.dictionary.length; i += width) {
      let product = 0;
      for (let p = 0; p < width; p++) {
        product += truth[j + p] * model.dictionary[i + p];
      }
      if (Math.abs(product) <= 0.99) continue;
      found++;
      break;
    }
  }
  return found;
}

/** Plain K-SVD as in the papers: one sample batch, no ridge, no memory, all nonzeros from the start. */
export function plain(
  atoms: number,
  sparsity: number,
  passes: number,
): Partial<TrainOptions> {
  return {
    atoms,
    sparsity,
    passes,
    ridge: 0,
    memory: 0,
    startSparsity: sparsity,
    normCap: 0,
  };
}

const SMALL_BATCHES: Partial<TrainOptions> = {
  ...plain(50, 3, 80),
  atomBatch: 1,
  sampleBatch: 300,
  memory: DEFAULT_TRAIN_OPTIONS.memory,
};

/**
 * The classic experiment's best: an atom of its own for a planted one is used some 90 times a pass; one that serves
 * for parts of several, or shares one with another atom, less than half as often.
 */
export const CLASSIC_BEST: Readonly<Partial<TrainOptions>> = {
  ...SMALL_BATCHES,
  minUses: 45,
};

/** How the classic experiment is trained, by name. */
export const CLASSIC_WAYS: Readonly<Record<string, Partial<TrainOptions>>> = {
  "plain K-SVD, B = 1": { ...plain(50, 3, 80), atomBatch: 1 },
  "the same with memory: 5 batches of 300 rows": SMALL_BATCHES,
  "the same, and atoms used under 45 times a pass replaced": CLASSIC_BEST,
};
