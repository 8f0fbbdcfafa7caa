import { DEPENDENT_PIVOT, MP_STEPS_PER_NONZERO } from "../../thresholds.ts";
import { correlationFloor } from "../dial.ts";
import { EMPTY_SLOT } from "../engine.ts";
import { Refinement } from "./refinement.ts";
import { type SupportOptions, SupportSystem } from "./support_system.ts";

/** Options of a pursuit over one group of atoms. */
export interface PursuitOptions {
  method: "omp" | "mp";
  /** Most nonzeros. */
  sparsity: number;
  nonnegative: boolean;
  refit: boolean;
  /** Swap passes after `omp`. */
  refine?: number | undefined;
  /** λ of `omp`'s choice of atoms. */
  selectionRidge?: number | undefined;
  /** Factors of the correlations in `omp`'s choice, one an atom. */
  weights?: Float32Array | undefined;
  /** Which atoms can be chosen. */
  candidates?: "signed" | "positive" | undefined;
  /** What a candidate has to exceed. */
  threshold?: number | undefined;
  /** λ of the final coefficients; 0 outside training. */
  ridge: number;
  /** α of the final coefficients, by which they are pulled towards 0; 0 outside training. */
  shrink?: number | undefined;
}

/** Codes rows from their correlations and the Gram alone; holds the scratch memory of one row. */
export class Pursuit {
  readonly #gram: Float32Array;
  readonly #m: number;
  readonly #options: PursuitOptions;
  readonly #a: Float64Array;
  readonly #correlations: Float64Array;
  readonly #barred: Uint8Array;
  readonly #support: Uint32Array;
  readonly #z: Float64Array;
  readonly #w: Float64Array;
  readonly #inverse: Float64Array;
  readonly #x: Float64Array;
  readonly #system: SupportSystem;
  readonly #refinement: Refinement | undefined;

  /**
   * @param gram m × m
   * @param m number of atoms
   * @param options what to do for every row
   */
  constructor(gram: Float32Array, m: number, options: PursuitOptions) {
    const k = options.sparsity;
    this.#gram = gram;
    this.#m = m;
    this.#options = options;
    this.#a = new Float64Array(m);
    this.#correlations = new Float64Array(m);
    this.#barred = new Uint8Array(m);
    this.#support = new Uint32Array(k);
    this.#z = new Float64Array(k);
    this.#w = new Float64Array(k);
    this.#inverse = new Float64Array(k * k);
    this.#x = new Float64Array(k);
    this.#system = new SupportSystem(gram, m, k);
    const { refine: passes = 0, nonnegative } = options;
    if (passes > 0) {
      this.#refinement = new Refinement(gram, m, {
        sparsity: k,
        passes,
        nonnegative,
      });
    }
  }

  /**
   * Codes one row.
   *
   * @param correlations the row's m correlations ⟨y, d_j⟩
   * @param energy ‖y‖²
   * @param stopEnergy ends where ‖r‖² is at most this (0: full sparsity)
   * @param indices k slots for atom indices; unused ones get `EMPTY_SLOT`
   * @param values k slots for coefficients
   * @param whole ‖y‖² of the whole row, where earlier groups have taken their part of it
   * @returns the number of nonzeros
   */
  run(
    correlations: Float32Array,
    energy: number,
    stopEnergy: number,
    indices: Uint32Array,
    values: Float32Array,
    whole: number = energy,
  ): number {
    indices.fill(EMPTY_SLOT);
    values.fill(0);
    this.#a.set(correlations);
    this.#correlations.set(correlations);
    this.#barred.fill(0);
    const floor = correlationFloor(whole, this.#options.threshold);
    return this.#options.method === "omp"
      ? this.#omp(energy, stopEnergy, floor, indices, values)
      : this.#mp(energy, stopEnergy, floor, indices, values);
  }

  #omp(
    energy: number,
    stopEnergy: number,
    floor: number,
    indices: Uint32Array,
    values: Float32Array,
  ): number {
    const k = this.#options.sparsity, whole = energy;
    let count = 0;
    while (count < k && isAbove(energy, stopEnergy)) {
      const j = this.#best(floor);
      if (j < 0) break;
      const correlation = this.#a[j];
      this.#barred[j] = 1;
      const pivot = this.#extend(count, j);
      if (pivot < DEPENDENT_PIVOT) continue;
      this.#z[count] = correlation / Math.sqrt(pivot);
      energy -= this.#z[count] * this.#z[count];
      this.#support[count++] = j;
      this.#subtractNewest(count - 1);
    }
    if (this.#refinement !== undefined) {
      count = this.#refine(this.#refinement, count, whole);
      const solved = this.#solveOnSupport(count);
      return this.#write(count, solved, indices, values);
    }
    return this.#write(count, this.#solve(count), indices, values);
  }

  // Betters the support; where codes are to be positive, what their least squares leave of it.
  #refine(refinement: Refinement, count: number, energy: number): number {
    const support = this.#support;
    let kept = count;
    if (this.#options.nonnegative) {
      const plain = { nonnegative: true, ridge: 0, shrink: 0 };
      const x = this.#solveOnSupport(count, plain);
      kept = 0;
      for (let s = 0; s < count; s++) {
        if (x[s] > 0) support[kept++] = support[s];
      }
    }
    refinement.run(this.#correlations, energy, support.subarray(0, kept));
    return kept;
  }

  // Grows row t of M = L⁻¹ for atom j; returns the pivot L_tt².
  #extend(t: number, j: number): number {
    const k = this.#options.sparsity, inverse = this.#inverse, w = this.#w;
    const row = j * this.#m;
    let pivot = this.#gram[row + j] + (this.#options.selectionRidge ?? 0);
    for (let s = 0; s < t; s++) {
      let sum = 0;
      for (let r = 0; r <= s; r++) {
        sum += inverse[s * k + r] * this.#gram[row + this.#support[r]];
      }
      w[s] = sum;
      pivot -= sum * sum;
    }
    if (pivot < DEPENDENT_PIVOT) return pivot;
    const scale = 1 / Math.sqrt(pivot);
    for (let s = 0; s < t; s++) {
      let sum = 0;
      for (let r = s; r < t; r++) sum += w[r] * inverse[r * k + s];
      inverse[t * k + s] = -sum * scale;
    }
    inverse[t * k + t] = scale;
    return pivot;
  }

  // a ← a − z_t Σ_{s≤t} M_ts G_{I_s}
  #subtractNewest(t: number): void {
    const m = this.#m, a = this.#a, gram = this.#gram;
    for (let s = 0; s <= t; s++) {
      const weight = this.#z[t] * this.#inverse[t * this.#options.sparsity + s];
      const row = this.#support[s] * m;
      for (let j = 0; j < m; j++) a[j] -= weight * gram[row + j];
    }
  }

  // The coefficients on the support: x = Mᵀz, or their ridge or non-negative form; M is of no use where λ made the
  // choice.
  #solve(count: number): Float64Array {
    const { nonnegative, ridge, shrink = 0, sparsity: k } = this.#options;
    const { selectionRidge = 0 } = this.#options;
    if (nonnegative || ridge + shrink + selectionRidge > 0) {
      return this.#solveOnSupport(count);
    }
    const x = this.#x.subarray(0, count).fill(0);
    for (let s = 0; s < count; s++) {
      for (let t = s; t < count; t++) {
        x[s] += this.#inverse[t * k + s] * this.#z[t];
      }
    }
    return x;
  }

  #solveOnSupport(
    count: number,
    options: SupportOptions = this.#options,
  ): Float64Array {
    const support = this.#support.subarray(0, count);
    return this.#system.solve(this.#correlations, support, options);
  }

  #mp(
    energy: number,
    stopEnergy: number,
    floor: number,
    indices: Uint32Array,
    values: Float32Array,
  ): number {
    const { sparsity: k, refit, ridge, shrink = 0 } = this.#options;
    const x = this.#x.fill(0), m = this.#m, a = this.#a;
    let count = 0;
    for (
      let step = 0;
      step < MP_STEPS_PER_NONZERO * k && isAbove(energy, stopEnergy);
      step++
    ) {
      const j = this.#best(floor);
      if (j < 0) break;
      let slot = this.#support.subarray(0, count).indexOf(j);
      if (slot < 0) {
        if (count === k) break;
        slot = count;
        this.#support[count++] = j;
      }
      const amount = a[j], row = j * m;
      x[slot] += amount;
      energy -= amount * amount;
      for (let i = 0; i < m; i++) a[i] -= amount * this.#gram[row + i];
    }
    const solved = refit || ridge + shrink > 0
      ? this.#solveOnSupport(count)
      : x.subarray(0, count);
    return this.#write(count, solved, indices, values);
  }

  // The atom of greatest w·|a| (w·a, where only positive ones are candidates) above the floor; the lowest index on
  // ties; −1 for none.
  #best(floor: number): number {
    const a = this.#a, barred = this.#barred;
    const { nonnegative, candidates, weights } = this.#options;
    const signed = !nonnegative && candidates !== "positive";
    let best = -1, most = floor;
    for (let j = 0; j < this.#m; j++) {
      const plain = signed ? Math.abs(a[j]) : a[j];
      const size = weights === undefined ? plain : weights[j] * plain;
      if (size > most && barred[j] === 0) {
        most = size;
        best = j;
      }
    }
    return best;
  }

  // Writes the codes; coefficients that came out as 0 give their slot up.
  #write(
    count: number,
    x: Float64Array,
    indices: Uint32Array,
    values: Float32Array,
  ): number {
    let used = 0;
    for (let s = 0; s < count; s++) {
      const value = Math.fround(x[s]);
      if (value === 0 || (this.#options.nonnegative && value < 0)) continue;
      indices[used] = this.#support[s];
      values[used++] = value;
    }
    return used;
  }
}

// Without a tolerance the energy, a difference of large numbers, does not decide: rounding could take it below 0.
function isAbove(energy: number, stopEnergy: number): boolean {
  return stopEnergy === 0 || energy > stopEnergy;
}
