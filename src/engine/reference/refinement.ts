import {
  REFINEMENT_FLOOR,
  REFINEMENT_MARGIN,
  REFINEMENT_PIVOT,
} from "../../thresholds.ts";

/** Options of a refinement over one group of atoms. */
export interface RefinementOptions {
  /** Most nonzeros. */
  sparsity: number;
  /** Swap passes at most. */
  passes: number;
  /** Coefficients stay positive. */
  nonnegative: boolean;
}

/**
 * Betters a support by exchanging one atom at a time: sequential replacement (A. Miller, Subset Selection in
 * Regression, 2002, chapter 3), from correlations and Gram alone, with the inverse of the support's Gram at hand.
 *
 * With support I, P = (G_II)⁻¹, coefficients x = P·a_I and the dual atoms' correlations B = P·G_I, the state is r_j =
 * a_j − Σ_t x_t G[I_t, j] and v_j = G_jj − Σ_t B_tj G[I_t, j], what atom j would add to the support's span. Slot s
 * without its atom leaves ‖r‖² larger by x_s²/P_ss (the loss), and any atom j
 *
 *     c_j = r_j + (x_s/P_ss)·B_sj,   v'_j = v_j + B_sj²/P_ss,   gain_j = c_j²/v'_j.
 *
 * The atom of the largest gain (the lowest index on ties) takes the slot where its gain exceeds the loss by a margin,
 * so that the error falls with every swap. A pass visits every slot once, in order.
 *
 * Non-negative supports begin as those of a non-negative least-squares solution and take an atom only where all
 * coefficients stay positive: then the new support's non-negative code is its least squares, and the better one.
 */
export class Refinement {
  readonly #gram: Float32Array;
  readonly #m: number;
  readonly #options: RefinementOptions;
  /** The Gram's diagonal. */
  readonly #squares: Float64Array;
  /** P, with rows of `sparsity` entries. */
  readonly #inverse: Float64Array;
  /** B, with rows of m entries. */
  readonly #duals: Float64Array;
  /** r and v. */
  readonly #residual: Float64Array;
  readonly #room: Float64Array;
  readonly #x: Float64Array;
  /** The Gram's column of an atom on the support, and P times it. */
  readonly #column: Float64Array;
  readonly #weights: Float64Array;
  /** What an atom adds to the span of the others, by its correlations. */
  readonly #fresh: Float64Array;

  /**
   * @param gram m × m
   * @param m number of atoms
   * @param options what to do for every row
   */
  constructor(gram: Float32Array, m: number, options: RefinementOptions) {
    const k = options.sparsity;
    this.#gram = gram;
    this.#m = m;
    this.#options = options;
    this.#squares = Float64Array.from({ length: m }, (_, j) => gram[j * m + j]);
    this.#inverse = new Float64Array(k * k);
    this.#duals = new Float64Array(k * m);
    this.#residual = new Float64Array(m);
    this.#room = new Float64Array(m);
    this.#x = new Float64Array(k);
    this.#column = new Float64Array(k);
    this.#weights = new Float64Array(k);
    this.#fresh = new Float64Array(m);
  }

  /**
   * Refines one row's support in place. A support that is nearly dependent stays as it is.
   *
   * @param correlations the row's m correlations ⟨y, d_j⟩
   * @param energy ‖y‖²
   * @param support the atoms, distinct; a swapped atom takes its predecessor's slot
   * @returns how many were swapped
   */
  run(
    correlations: Float64Array,
    energy: number,
    support: Uint32Array,
  ): number {
    if (!this.#invert(support)) return 0;
    this.#begin(correlations, support);
    // Slots visited since the last swap, its own among them: nothing is left to find when these are all.
    let swaps = 0, settled = 0;
    const count = support.length, visits = this.#options.passes * count;
    for (let visit = 0; visit < visits && settled < count; visit++) {
      const s = visit % count, atom = this.#best(s, energy);
      if (atom >= 0 && this.#swap(s, atom, correlations, support)) {
        swaps++;
        settled = 1;
      } else settled++;
    }
    return swaps;
  }

  // P, bordered atom by atom; false where an atom is nearly in the span of the others.
  #invert(support: Uint32Array): boolean {
    const k = this.#options.sparsity, inverse = this.#inverse;
    for (let t = 0; t < support.length; t++) {
      const pivot = this.#project(support[t], support.subarray(0, t));
      if (pivot < REFINEMENT_PIVOT) return false;
      this.#border(t, pivot, t);
    }
    return support.every((_, s) => inverse[s * k + s] * REFINEMENT_PIVOT <= 1);
  }

  // Least squares of an atom on the support: its weights, and what the support leaves of it.
  #project(atom: number, support: Uint32Array, without = -1): number {
    const k = this.#options.sparsity, inverse = this.#inverse;
    const column = this.#column, weights = this.#weights;
    const row = atom * this.#m;
    support.forEach((i, t) =>
      column[t] = t === without ? 0 : this.#gram[row + i]
    );
    const product = (t: number) => {
      let sum = 0;
      for (let s = 0; s < support.length; s++) {
        sum += inverse[t * k + s] * column[s];
      }
      return sum;
    };
    const taken = without < 0 ? 0 : product(without);
    let pivot = this.#gram[row + atom];
    for (let t = 0; t < support.length; t++) {
      weights[t] = product(t);
      if (without >= 0) weights[t] -= this.#share(t, without) * taken;
      if (t === without) weights[t] = 0;
      pivot -= weights[t] * column[t];
    }
    return pivot;
  }

  // P_ts/P_ss
  #share(t: number, s: number): number {
    const k = this.#options.sparsity, inverse = this.#inverse;
    return inverse[t * k + s] / inverse[s * k + s];
  }

  // Puts the atom that was projected last into slot s of P, whose other slots up to the last one lack it.
  #border(s: number, pivot: number, last: number): void {
    const k = this.#options.sparsity, inverse = this.#inverse;
    const weights = this.#weights;
    weights[s] = -1;
    for (let t = 0; t <= last; t++) {
      for (let u = 0; u <= last; u++) {
        if (t === s || u === s) inverse[t * k + u] = 0;
        inverse[t * k + u] += weights[t] * weights[u] / pivot;
      }
    }
  }

  #begin(correlations: Float64Array, support: Uint32Array): void {
    const m = this.#m, k = this.#options.sparsity, gram = this.#gram;
    const residual = this.#residual, room = this.#room, x = this.#x;
    residual.set(correlations);
    room.set(this.#squares);
    for (let s = 0; s < support.length; s++) {
      const dual = this.#duals.subarray(s * m, (s + 1) * m);
      const weights = this.#inverse.subarray(s * k, s * k + support.length);
      combine(gram, m, support, weights, dual.fill(0));
      x[s] = weights.reduce(
        (sum, weight, t) => sum + weight * correlations[support[t]],
        0,
      );
      const row = support[s] * m;
      for (let j = 0; j < m; j++) {
        const entry = gram[row + j];
        residual[j] -= x[s] * entry;
        room[j] -= dual[j] * entry;
      }
    }
  }

  // The atom whose gain in slot s is greatest and exceeds the loss; −1 for none.
  #best(s: number, energy: number): number {
    const m = this.#m, { nonnegative, sparsity: k } = this.#options;
    const own = this.#inverse[s * k + s], each = this.#x[s] / own;
    const residual = this.#residual, room = this.#room, start = s * m;
    const duals = this.#duals;
    let best = -1;
    let most = (1 + REFINEMENT_MARGIN) * each * this.#x[s] +
      REFINEMENT_FLOOR * energy;
    for (let j = 0; j < m; j++) {
      const dual = duals[start + j];
      const correlation = residual[j] + each * dual;
      const pivot = room[j] + dual * dual / own;
      if (correlation * correlation <= most * pivot) continue;
      if (pivot < REFINEMENT_PIVOT || (nonnegative && correlation < 0)) {
        continue;
      }
      most = correlation * correlation / pivot;
      best = j;
    }
    return best;
  }

  // Puts an atom into slot s; false, and nothing done, where a non-negative code would lose a nonzero by it.
  #swap(
    s: number,
    atom: number,
    correlations: Float64Array,
    support: Uint32Array,
  ): boolean {
    const { nonnegative } = this.#options, x = this.#x;
    const pivot = this.#project(atom, support, s), weights = this.#weights;
    let left = correlations[atom];
    support.forEach((i, t) => left -= weights[t] * correlations[i]);
    const value = left / pivot;
    const others = (t: number) =>
      x[t] - this.#share(t, s) * x[s] - weights[t] * value;
    if (nonnegative) {
      if (value <= 0) return false;
      if (support.some((_, t) => t !== s && others(t) <= 0)) return false;
    }
    this.#exchangeState(s, atom, support, { pivot, value });
    const before = x[s];
    support.forEach((_, t) => {
      const share = this.#share(t, s);
      if (t !== s) x[t] -= share * before + weights[t] * value;
    });
    x[s] = value;
    this.#exchangeInverse(s, pivot, support.length);
    support[s] = atom;
    return true;
  }

  // r, v and B for the support with the projected atom in slot s.
  #exchangeState(
    s: number,
    atom: number,
    support: Uint32Array,
    { pivot, value }: { pivot: number; value: number },
  ): void {
    const m = this.#m, k = this.#options.sparsity, weights = this.#weights;
    const fresh = this.#fresh, own = this.#inverse[s * k + s];
    const negative = weights.subarray(0, support.length).map((w) => -w);
    fresh.set(this.#gram.subarray(atom * m, (atom + 1) * m));
    combine(this.#gram, m, support, negative, fresh);
    const taken = this.#duals.subarray(s * m, (s + 1) * m);
    const each = this.#x[s] / own;
    const residual = this.#residual, room = this.#room;
    for (let j = 0; j < m; j++) {
      residual[j] += each * taken[j] - value * fresh[j];
      room[j] += taken[j] * taken[j] / own - fresh[j] * fresh[j] / pivot;
    }
    for (let t = 0; t < support.length; t++) {
      if (t === s) continue;
      const dual = this.#duals.subarray(t * m, (t + 1) * m);
      const share = this.#share(t, s), weight = weights[t] / pivot;
      for (let j = 0; j < m; j++) {
        dual[j] -= share * taken[j] + weight * fresh[j];
      }
    }
    for (let j = 0; j < m; j++) taken[j] = fresh[j] / pivot;
  }

  // P without slot s's atom, then with the projected one in its place.
  #exchangeInverse(s: number, pivot: number, count: number): void {
    const k = this.#options.sparsity, inverse = this.#inverse;
    const column = this.#column;
    for (let t = 0; t < count; t++) column[t] = inverse[t * k + s];
    for (let t = 0; t < count; t++) {
      for (let u = 0; u < count; u++) {
        inverse[t * k + u] -= column[t] * column[u] / column[s];
      }
    }
    this.#border(s, pivot, count - 1);
  }
}

// target += Σ_t weights_t·G_{I_t}, four rows at a time: the target is read and written a quarter as often.
function combine(
  gram: Float32Array,
  m: number,
  support: Uint32Array,
  weights: Float64Array,
  target: Float64Array,
): void {
  const whole = support.length & ~3;
  for (let t = 0; t < whole; t += 4) {
    const a = support[t] * m, b = support[t + 1] * m;
    const c = support[t + 2] * m, d = support[t + 3] * m;
    const wa = weights[t], wb = weights[t + 1];
    const wc = weights[t + 2], wd = weights[t + 3];
    for (let j = 0; j < m; j++) {
      target[j] += wa * gram[a + j] + wb * gram[b + j] + wc * gram[c + j] +
        wd * gram[d + j];
    }
  }
  for (let t = whole; t < support.length; t++) {
    const row = support[t] * m, weight = weights[t];
    for (let j = 0; j < m; j++) target[j] += weight * gram[row + j];
  }
}
