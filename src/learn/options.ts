/** Everything a training is told, under the names of the command line in camelCase. */
export interface TrainOptions {
  /** m: number of atoms. */
  atoms: number;
  /** k: nonzeros a row. */
  sparsity: number;
  coder: "omp" | "mp";
  nonnegative: boolean;
  /** Refit MP's coefficients by least squares. */
  refit: boolean;
  /** Stop a row's pursuit at ‖r‖ ≤ tolerance·‖y − mean‖. */
  tolerance: number;
  /** Ridge λ of the training codes' coefficients. */
  ridge: number;
  /** N_b: rows an iteration works on, at most. */
  sampleBatch: number;
  /** B: atoms updated from one residual; undefined: max(1, ⌊m/32⌋). */
  atomBatch?: number;
  passes: number;
  powerSteps: number;
  /** Exact K-SVD: B = 1, atoms in order, no ridge, no housekeeping. */
  exact: boolean;
  /** Sizes of nested groups; undefined: one group. */
  matryoshka?: readonly number[];
  center: boolean;
  scale: boolean;
  /** Rows of the statistics pass; undefined: all training rows. */
  statsRows?: number;
  /** `rows`: random training rows; `gaussian`; or a dictionary file. */
  init: string;
  /** A fraction under 1, or a number of rows, never trained on. At most 16 384 rows when a fraction. */
  holdout: number;
  /** An atom used fewer times than this over a pass is replaced. */
  minUses: number;
  gram: "f32" | "f16";
  /** Precision of rows held on the device. */
  rows: "f32" | "f16";
  seed: number;
}

/** The defaults, measured on the sample and on larger data: see tasks/experiments/RESULTS.md. */
export const DEFAULT_TRAIN_OPTIONS: Readonly<TrainOptions> = {
  atoms: 512,
  sparsity: 8,
  coder: "omp",
  nonnegative: false,
  refit: false,
  tolerance: 0,
  ridge: 1,
  sampleBatch: 65536,
  passes: 10,
  powerSteps: 1,
  exact: false,
  center: true,
  scale: true,
  init: "rows",
  holdout: 0.1,
  minUses: 2,
  gram: "f32",
  rows: "f32",
  seed: 0,
};
