import { DEPENDENT_PIVOT } from "../../thresholds.ts";
import { leastSquares, nonnegativeLeastSquares } from "./coefficients.ts";

/** What coefficients on a support are to be, as of a pursuit. */
export interface SupportOptions {
  nonnegative: boolean;
  ridge: number;
  shrink?: number | undefined;
  /** λ of the choice of the support, which may hold dependent atoms where it is above 0; OMP's never does. */
  selectionRidge?: number | undefined;
}

/** Coefficients on supports of one row, from its correlations and the Gram; holds the scratch memory of one system. */
export class SupportSystem {
  readonly #gram: Float32Array;
  readonly #m: number;
  /** The system on a support, and its solutions without and with shrinkage. */
  readonly #matrix: Float64Array;
  readonly #right: Float64Array;
  readonly #free: Float64Array;
  readonly #x: Float64Array;

  /**
   * @param gram m × m
   * @param m number of atoms
   * @param most atoms of the largest support
   */
  constructor(gram: Float32Array, m: number, most: number) {
    this.#gram = gram;
    this.#m = m;
    this.#matrix = new Float64Array(most * most);
    this.#right = new Float64Array(most);
    this.#free = new Float64Array(most);
    this.#x = new Float64Array(most);
  }

  /**
   * The coefficients on a support, with ridge, pulled towards 0 or non-negative as the options say.
   *
   * @param correlations of the row with all atoms
   * @param support the atoms' indices
   * @returns one value an atom, in memory that the next call writes to
   */
  solve(
    correlations: Float64Array,
    support: Uint32Array,
    { nonnegative, ridge, shrink = 0, selectionRidge = 0 }: SupportOptions,
  ): Float64Array {
    const count = support.length, matrix = this.#matrix;
    const right = this.#right.subarray(0, count);
    for (let s = 0; s < count; s++) {
      right[s] = correlations[support[s]];
      for (let t = 0; t < count; t++) {
        matrix[s * count + t] = this.#gram[support[s] * this.#m + support[t]] +
          (s === t ? ridge : 0);
      }
    }
    if (nonnegative) {
      for (let s = 0; s < count; s++) right[s] -= shrink;
      return nonnegativeLeastSquares(matrix, right);
    }
    const free = selectionRidge > 0
      ? leastSquares(matrix, right, this.#free, DEPENDENT_PIVOT)
      : leastSquares(matrix, right, this.#free);
    if (shrink === 0) return free;
    for (let s = 0; s < count; s++) right[s] -= shrink * Math.sign(free[s]);
    const x = leastSquares(matrix, right, this.#x);
    for (let s = 0; s < count; s++) if (!(x[s] * free[s] > 0)) x[s] = 0;
    return x;
  }
}
