/** How a dictionary codes rows; what is left out is at rest. */
export interface ModelCoder {
  /** `omp`: exact orthogonal matching pursuit; `mp`: matching pursuit. */
  method: "omp" | "mp";
  /** k: nonzeros a row; the mean over rows where there is a threshold. */
  sparsity: number;
  /** Only positive coefficients. */
  nonnegative: boolean;
  /** A row ends at ‖r‖ ≤ tolerance·‖y − mean‖. */
  tolerance: number;
  /** Least-squares coefficients after `mp`. */
  refit: boolean;
  /** Swap passes after `omp`. */
  refine?: number | undefined;
  /**
   * `groups`, the default: every group codes what earlier ones leave, so that any prefix of groups works by itself.
   * `joint`: all atoms are candidates for all nonzeros, at a lower error.
   */
  coding?: "groups" | "joint" | undefined;
  /** λ of the choice of atoms: 0, the default, is OMP. */
  selectionRidge?: number | undefined;
  /**
   * w ≥ 1: in the choice, every group counts w times as much as the one after it (joint coding); without groups an atom
   * counts (uses/most uses)^(w − 1) times. 1 by default.
   */
  groupWeight?: number | undefined;
  /** Which atoms can be chosen: those of positive correlation only, or all. Coefficients keep their signs. */
  candidates?: "signed" | "positive" | undefined;
  /** Nonzeros of each group; equal shares where left out. */
  groupSparsity?: readonly number[];
  /** Nonzeros of a row at most, where rows share k of them on average; left out: k. */
  maxSparsity?: number | undefined;
  /**
   * c, in normalised units: a row ends where no candidate's correlation (times its weight) is above it. Calibrated at
   * the end of a training, so that held-out rows have k nonzeros on average. 0 by default.
   */
  threshold?: number | undefined;
  /**
   * False where the threshold was given, or something that it was calibrated with was changed since: how many nonzeros
   * rows then have on average is for the rows to show. Left out, it is k.
   */
  calibrated?: false | undefined;
}
