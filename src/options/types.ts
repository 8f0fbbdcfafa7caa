/** Every option of a training, under the names of the command line in camelCase. */
export interface TrainOptions {
  /** m: number of atoms. */
  atoms: number;
  /** k: nonzeros a row. */
  sparsity: number;
  /** How rows are coded: orthogonal matching pursuit, or the paper's matching pursuit. */
  coder: "omp" | "mp";
  /** Only positive coefficients. */
  nonnegative: boolean;
  /** Refit MP's coefficients by least squares. */
  refit: boolean;
  /**
   * Swap passes after `omp`, at most: they exchange an atom of a row's support wherever that lowers the row's error.
   */
  refine: number;
  /** Stop a row's pursuit at ‖r‖ ≤ tolerance·‖y − mean‖. */
  tolerance: number;
  /**
   * Shrinkage λ of the training codes: their coefficients are (G + λI)⁻¹(a − α·sign), with a soft threshold α in
   * proportion to λ; both fall to a quarter over the training, and further where updates leave less than a twentieth
   * of the rows' energy. Shrunk codes explain away less of what co-occurring atoms share, and small coefficients,
   * which are mostly noise, have no say, so that atoms learn less by heart. Encoding never shrinks.
   */
  ridge: number;
  /**
   * N_b: rows an iteration works on, at most; undefined: a sixteenth of the rows, but no fewer than 1024 or 2m, nor
   * more than 65 536.
   */
  sampleBatch?: number | undefined;
  /**
   * How many uses an atom remembers at first, over sample batches; towards the end it remembers ever more of them. On
   * clean rows it is down to half as many, on noisy ones up to three times. 0: each batch makes its atoms anew, as in
   * the paper.
   */
  memory: number;
  /** Nonzeros a row at first, growing to `sparsity` over four fifths of the training; undefined: half of it. */
  startSparsity?: number | undefined;
  /** B: atoms updated from one residual; undefined: max(1, ⌊m/32⌋). */
  atomBatch?: number | undefined;
  /** Passes over the training rows. */
  passes: number;
  /** Power steps of an atom's update. */
  powerSteps: number;
  /** Exact K-SVD: B = 1, atoms in order, no ridge, no housekeeping. */
  exact: boolean;
  /**
   * Sizes of nested groups, the last one also as `rest`; `auto`: 256, 256, 512, 1024, …, the last cut to fit;
   * `probing`: a first group of 32 (m/32 above 1024 atoms), and the rest; undefined: one group.
   */
  matryoshka?: readonly (number | "rest")[] | "auto" | "probing";
  /**
   * Nonzeros of each group, `sparsity` in all; undefined: equal shares, with `probing` the larger half for the first
   * group.
   */
  groupSparsity?: readonly number[];
  /** How the finished dictionary codes rows: group after group (`groups`, the default), or with all atoms at once. */
  coding?: "groups" | "joint";
  /** λ of the finished dictionary's choice of atoms; undefined: 0, OMP. Training itself chooses by OMP. */
  selectionRidge?: number;
  /** How many times as much an earlier group counts in the finished dictionary's choice; undefined: 1. */
  groupWeight?: number;
  /**
   * Which atoms the finished dictionary chooses from; coefficients take any sign, also where it was trained with
   * `nonnegative`. Undefined: all, or those of positive correlation with `nonnegative`, whose codes stay positive.
   */
  candidates?: "signed" | "positive";
  /**
   * Nonzeros of a row at most in the finished dictionary's codes: rows then share `sparsity` of them on average, by a
   * threshold of the correlations that is calibrated at the end, on held-out rows where there are any. Undefined: each
   * row has its own.
   */
  maxSparsity?: number;
  /**
   * Steps of 1024 rows that train the atoms on, after the passes, as the decoder of a sparse autoencoder; with nested
   * groups the loss is the mean over their prefixes. Undefined: 0, none.
   */
  decoderSteps?: number;
  /** Subtract the rows' mean. */
  center: boolean;
  /** Scale rows by √n over their root mean square length. */
  scale: boolean;
  /** Rows of the statistics pass; undefined: all training rows. */
  statsRows?: number;
  /** `rows`: random training rows; `gaussian`; or a dictionary file. */
  init: string;
  /** A fraction under 1, or a number of rows, never trained on. At most 16 384 rows when a fraction. */
  holdout: number;
  /**
   * What held-out rows are kept together by: `row`, `outer` (what nested rows are in, tokens' texts) or a column.
   * Left out: `outer` for nested rows, else `row`.
   */
  holdoutBy?: string;
  /**
   * Training rows further from the mean than so many times the median row are pulled in, the further the more; 0 for
   * no limit. Measuring and encoding take every row as it is.
   */
  normCap: number;
  /**
   * Early stopping: a tenth of the training rows is watched instead, training ends after so many passes that brought no
   * better FVU on them, and the best dictionary is kept. 0: off, train on all rows for all passes.
   */
  patience: number;
  /** An atom used fewer times than this over a pass is replaced. */
  minUses: number;
  /** Precision of the Gram matrix while atoms are chosen. */
  gram: "f32" | "f16";
  /** Precision of rows held on the device. */
  rows: "f32" | "f16";
  /** Seed of all that is random. */
  seed: number;
  /**
   * Rows are dealt into so many ranges, of each of which every batch takes its share: what several processes train on
   * together, or one alone with the same result. Undefined: one process, rows undivided.
   */
  shards?: number;
  /** With `shards`: sums over the processes an iteration, each of ⌈m/sums⌉ atoms (the atom batch). */
  sums?: number;
  /** With `shards`: the type in which sums are added up over the processes. */
  sumType?: "f32" | "f64";
}
