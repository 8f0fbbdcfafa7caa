import type {
  Engine,
  EngineRows,
  IterationReport,
  IterationStep,
} from "./engine.ts";

/** The worst rows of one process's share of a batch, worst first; of equal ones, the earlier row first. */
export interface WorstRows {
  /** ‖r‖² of each, after the update. */
  errors: Float64Array;
  /** Their residuals, as many × width. */
  residuals: Float32Array;
}

/** How sums over a share's rows are formed. */
export interface SumWay {
  /**
   * In which type they travel between processes. What is rounded by process to float32 anyway spares the work of many
   * parts.
   */
  sumType: "f32" | "f64";
  /**
   * Rows of the share's consecutive parts. Sums that travel as float64 are formed in order within a part, then over the
   * parts by halves: S(a, b) = S(a, c) + S(c, b), c = ⌊(a + b)/2⌋, so that they do not depend on how many processes (a
   * power of two) share the parts. An engine whose sums are float32 may leave the parts alone.
   */
  parts: Uint32Array;
}

/**
 * An engine whose iteration can be taken in steps, so that several processes, each with its share of a batch's rows,
 * make one iteration: what an atom's update needs of the rows are sums over them, which the caller adds up over the
 * processes. The calls of an iteration are `begin`; for every atom batch `sums`, once more for each further power
 * step, and `apply`; `finish`; and `replace` where atoms are to be replaced. All processes make the same calls and
 * give the same sums.
 */
export interface GroupEngine extends Engine {
  /**
   * Begins an iteration on this process's share of a batch.
   *
   * @param rows the share; it may be empty
   * @param step as for `iterate`; `replace` is left to the caller
   * @param way parts of the share, and in which type sums travel
   */
  begin(rows: EngineRows, step: IterationStep, way: SumWay): Promise<void>;
  /**
   * This process's part of the Gram of the group whose first place is `from`, for processes that share the making of
   * it; asked for, if at all, before the group's first `sums`. What is in a part does not depend on who makes it. An
   * engine whose Gram is made in less time than it takes to send has no such calls.
   *
   * @param rank whose part, of so many `ranks`
   * @returns the part, the caller's from then on; undefined where the engine, in its worker, has no such calls
   */
  gramPart?(
    from: number,
    rank: number,
    ranks: number,
  ): Promise<Float32Array | undefined>;
  /** Takes the parts of all processes, in order of rank, which are given away. */
  takeGram?(from: number, parts: readonly Float32Array[]): Promise<void>;
  /**
   * What the update of the atoms at places from ≤ place < to of the step's order needs of the rows: width + 2 numbers
   * an atom, Σ x_i R_i, Σ x_i·(x_i as coded), and its uses (float32 counts 16.7 million of them). The atoms are of
   * one group; with its first place, the group is coded.
   *
   * @param previous the added-up sums of the power step before, given away; absent for the first
   * @returns (to − from)·(width + 2) numbers, the caller's until the next call
   */
  sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Promise<Float32Array | Float64Array>;
  /**
   * Updates these atoms, their weights and this process's codes and residual by the added-up sums of the last power
   * step, which are given away; they may lie where `sums` left this process's own.
   */
  apply(
    from: number,
    to: number,
    sums: Float32Array | Float64Array,
  ): Promise<void>;
  /**
   * Ends the iteration.
   *
   * @param worst how many of the share's worst rows to return, fewer where it has fewer
   * @returns the report: `usage`, `nonzeros` and `duplicates` are those of all processes, known from the sums;
   * the other numbers those of this one, each a sum over its rows by the parts
   */
  finish(worst: number): Promise<{ report: IterationReport; worst: WorstRows }>;
  /**
   * Puts unit vectors in the place of atoms, the first in that of the first, and sets the weights of all these atoms
   * to 0; atoms for which there is none keep theirs.
   */
  replace(atoms: Uint32Array, vectors: Float32Array): Promise<void>;
}

/** How an iteration of a group goes. */
export interface GroupWay extends SumWay {
  /** Whether the processes' Grams have the same bits, so that each may make a part. */
  sharesGram: boolean;
}

/**
 * An engine in a thread that makes its group's calls, too: an iteration of the group is one call, and nothing of it
 * goes from thread to thread.
 */
export interface JoinedEngine extends Engine {
  /**
   * One iteration of all processes, each on its share of a batch. All processes make the same calls in the same order,
   * and calls may be made ahead: after one that fails, all others do.
   *
   * @param rows this process's share
   * @param step the same for all
   * @param way how, the same for all but for `parts`
   * @returns the report: numbers of rows and errors are this process's
   */
  iterateTogether(
    rows: EngineRows,
    step: IterationStep,
    way: GroupWay,
  ): Promise<IterationReport>;
}
