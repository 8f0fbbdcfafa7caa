/** Index of an unused code slot. */
export const EMPTY_SLOT = 0xFFFFFFFF;

/** How rows are coded. */
export interface CoderOptions {
  /**
   * `omp`: exact orthogonal matching pursuit; `mp`: matching pursuit, the paper's coder. `correlations` is for `encode`
   * alone and no pursuit: the `sparsity` largest correlations of a row with one group's atoms, as they are, the largest
   * first, the lower index on ties; nothing is taken from the row, so that its residual is 1.
   */
  method: "omp" | "mp" | "correlations";
  /** Most nonzeros a row, over all groups: k ≥ number of groups. */
  sparsity: number;
  /** Only positive coefficients. */
  nonnegative: boolean;
  /** Stop a row at ‖r‖ ≤ tolerance·‖y‖; 0 codes to full sparsity. */
  tolerance: number;
  /** After `mp`, refit the coefficients by least squares on the support. */
  refit: boolean;
  /**
   * After `omp`, go over the support so many times at most, exchanging an atom for another wherever that lowers the
   * error (see docs/algorithm.md); 0 where left out.
   */
  refine?: number | undefined;
  /**
   * λ ≥ 0 of the choice of atoms, for `omp`: a step's pivot is L_tt² = G_jj + λ − ‖w‖², so that what is left of a row
   * keeps a share of the atoms chosen and general atoms near them stay candidates. Coefficients are least squares
   * without it. 0, or left out: OMP; a very large one: the k largest correlations.
   */
  selectionRidge?: number | undefined;
  /**
   * w_j in (0, 1], one an atom, for `omp`: a step takes the atom of the largest w_j·|a_j|, the lowest index on ties,
   * and a row ends where that is negligible. Left out: 1 for all.
   */
  weights?: Float32Array | undefined;
  /**
   * `positive`, for `omp`: only atoms of positive correlation are candidates, while coefficients keep the sign that
   * their least squares give them. Left out: `signed`, or `positive` where codes are non-negative.
   */
  candidates?: "signed" | "positive" | undefined;
  /**
   * Nonzeros of each group, at least 1 each, `sparsity` in all. Left out: equal shares (see {@linkcode
   * groupSparsities}).
   */
  groupSparsity?: readonly number[] | undefined;
  /**
   * c ≥ 0, in normalised units: a row ends where no candidate's |a_j| (w_j·|a_j|, where there are weights) is above it,
   * so that rows share their nonzeros by what each of them gains. Left out, or 0: rows go on to their sparsity.
   */
  threshold?: number | undefined;
}

/** How raw rows become the rows that are coded: (y − mean)·scale. */
export interface Normalisation {
  /** The mean, of the rows' width, in raw units. */
  mean: Float32Array;
  /** The factor, √n / sqrt(mean ‖y − mean‖²) when scaling is on, else 1. */
  scale: number;
}

/** Everything fixed for the life of an engine. */
export interface EngineSpec {
  /** n: dimensions of a row and of an atom. */
  width: number;
  /** m: number of atoms. */
  atoms: number;
  /**
   * Matryoshka groups: sizes of consecutive, disjoint runs of atoms that add up to `atoms`; `[atoms]` when not
   * nested.
   */
  groups: readonly number[];
  /** How rows are coded. */
  coder: CoderOptions;
  /** How raw rows are centred and scaled. */
  normalisation: Normalisation;
  /** Most rows ever given in one call. */
  sampleBatch: number;
  /** Power steps for each atom and iteration (1: approximate K-SVD's single alternation). */
  powerSteps: number;
  /**
   * Exact K-SVD updates: power steps until ‖Δd‖ < 1e-6, at most 2000. The caller gives atomBatch 1 and atoms in
   * order.
   */
  exact: boolean;
  /** Precision of the Gram matrix while the support is searched; final coefficients are always f32. */
  gram: "f32" | "f16";
  /** Precision of rows held on the device between passes. */
  rows: "f32" | "f16";
}

/** Which engine to take: `auto` takes a real GPU where there is one with room, else whichever engine is faster here. */
export type DeviceChoice = "auto" | "gpu" | "cpu";

/** How far an engine is with the call at hand. */
export interface EngineProgress {
  /** What it is doing: `coding` counts rows, `update` atoms. */
  stage: string;
  /** Rows or atoms done. */
  done: number;
  /** Of so many. */
  total: number;
}

/** Options of making an engine beside its spec. */
export interface EngineOptions {
  /** Where the numbers are crunched; `auto` by default. */
  device?: DeviceChoice | undefined;
  /** Threads that a CPU engine may use; all that the machine has by default. */
  threads?: number | undefined;
  /**
   * A native BLAS that makes a CPU engine's products: a file or a name that the system knows, or empty for the one
   * that it has. The same bytes then need the same library and core type. None where left out.
   */
  blas?: string | undefined;
  /** Called with one line of what a person should know, such as that `auto` found no real GPU. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Called several times a second with how far a call is that takes longer than that. */
  onProgress?: ((progress: EngineProgress) => void) | undefined;
}

/** What ran the numbers, for reports and `--json`. */
export interface EngineInfo {
  /** Which engine. */
  kind: "gpu" | "cpu";
  /** The adapter's name, or the processor's. */
  name: string;
  /** True where a GPU engine runs on a software driver. */
  software: boolean;
  /** Free details: driver, limits, subgroups. */
  details: Record<string, string | number | boolean>;
}

/**
 * Rows for an engine: raw rows (contiguous, rows × width), or the number of rows held on the device. An iteration
 * calls `release`, where it is there, once it has taken raw rows in: `data` is not looked at from then on.
 */
export type EngineRows =
  | { data: Float32Array; rows: number; release?: (() => void) | undefined }
  | { held: number; rows: number };

/** What one iteration is to do beyond coding its rows. */
export interface IterationStep {
  /**
   * The order in which atoms are updated: a permutation of 0 … atoms − 1, each group's atoms contiguous and in group
   * order.
   */
  order: Uint32Array;
  /** B: atoms updated from the same residual. */
  atomBatch: number;
  /** Ridge λ added to the Gram's diagonal for the coefficients (0: none). */
  ridge: number;
  /**
   * α: the coefficients become (G_II + λI)⁻¹(a_I − α·sign x), x what they are without it, in normalised units; those
   * that would change sign are given up. 0 where left out.
   */
  shrink?: number;
  /**
   * Atoms to replace, after the update, by the worst-represented rows' normalised residuals (worst row to first
   * atom).
   */
  replace: Uint32Array;
  /**
   * ρ in [0, 1): how much earlier batches still count. An atom's update is v = Σ x_i R_i + (Σ x_i² + ρ·w)·d with w
   * its weight, and w becomes ρ·w + Σ x_i² (x as coded); 0 where left out. A replaced atom's weight becomes 0.
   */
  memory?: number;
  /** Nonzeros a row in this iteration, number of groups ≤ k_t ≤ the spec's sparsity; the spec's where left out. */
  sparsity?: number;
}

/** What one iteration did, as sums over its rows in normalised units. */
export interface IterationReport {
  /** Rows of the sample batch. */
  rows: number;
  /** Σ‖y‖² of the normalised rows. */
  energy: number;
  /** Σ‖r‖² after coding, before the dictionary update. */
  codingError: number;
  /** Σ‖r‖² after the update. */
  updatedError: number;
  /** Nonzeros over all rows. */
  nonzeros: number;
  /** Uses of every atom, as coded. */
  usage: Uint32Array;
  /**
   * Atoms with |⟨d_i, d_j⟩| > 0.99 to a more used one (or as used and of lower index), as the dictionary stood before
   * the update.
   */
  duplicates: Uint32Array;
  /** Device time in milliseconds, where it can be measured; else wall time. */
  milliseconds: number;
  /** Device time by stage, where it can be measured. */
  stages: Record<string, number>;
}

/** Codes of some rows: two rows × sparsity arrays; unused slots hold {@linkcode EMPTY_SLOT} and 0. */
export interface Codes {
  /** Rows coded. */
  rows: number;
  /** Slots of a row. */
  sparsity: number;
  /** Atom indices, in order of choice within a group (an exchanged atom in its predecessor's slot), groups in order. */
  indices: Uint32Array;
  /** Coefficients in raw units: ŷ = mean + Σ value·atom. */
  values: Float32Array;
  /** ‖r‖²/‖y − mean‖² of every row, from the explicit residual; 0 for a row that equals the mean. */
  residual: Float32Array;
}

/**
 * Where the numbers are crunched. Calls are queued in order: `iterate` may return before the work is done, `reports`
 * waits for it. Everything that passes the interface can be posted to a Worker.
 */
export interface Engine {
  /** What does the work. */
  readonly info: EngineInfo;
  /** What it was made for. */
  readonly spec: EngineSpec;
  /** Gives the engine its dictionary: atoms × width, rows of unit length; and its atoms' weights, 0 where left out. */
  loadDictionary(
    dictionary: Float32Array,
    weights?: Float32Array,
  ): Promise<void>;
  /** Reads the dictionary back: atoms × width. */
  readDictionary(): Promise<Float32Array>;
  /** Reads the atoms' weights back (see `IterationStep.memory`). */
  readWeights(): Promise<Float32Array>;
  /**
   * Keeps a copy of raw rows on the device; returns its number, or `undefined` where it does not fit (stream the rows
   * instead). Afterwards `rows.data` is the caller's again, though it may be another view than before.
   */
  holdRows(
    rows: { data: Float32Array; rows: number },
  ): Promise<number | undefined>;
  /**
   * One DB-KSVD iteration on a sample batch: code, update, replace. Queued; its report comes with the next `reports`.
   */
  iterate(rows: EngineRows, step: IterationStep): Promise<void>;
  /** Waits for all queued iterations and returns their reports, in order, since the last call. */
  reports(): Promise<IterationReport[]>;
  /**
   * Codes rows with the spec's coder, no ridge. Codes of a group never depend on later groups.
   *
   * @param threshold in place of the coder's
   */
  encode(rows: EngineRows, threshold?: number): Promise<Codes>;
  /** Frees everything; the engine is of no use afterwards. */
  close(): Promise<void>;
}
