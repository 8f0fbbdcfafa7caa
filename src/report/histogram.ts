import type { ActivationHistograms, Histogram } from "./data.ts";

/**
 * Histograms of signed values whose range is not known beforehand, in one pass: equal bins over [−L, L], where L is the
 * power of two above the largest value seen. When a value falls outside, L doubles and neighbouring bins merge, so counts
 * stay exact and the outcome does not depend on the order of the values.
 */
export class GrowingHistograms {
  /** Bins of each histogram. */
  readonly bins: number;
  readonly #limits: Float32Array;
  readonly #counts: Uint32Array;

  /**
   * @param count number of histograms
   * @param bins bins of each, a multiple of 4
   */
  constructor(count: number, bins: number) {
    this.bins = bins;
    this.#limits = new Float32Array(count);
    this.#counts = new Uint32Array(count * bins);
  }

  /** Counts one finite value other than 0 in one histogram. */
  add(histogram: number, value: number): void {
    const magnitude = Math.abs(value);
    let limit = this.#limits[histogram];
    if (magnitude >= limit) {
      const wanted = powerOfTwoAbove(magnitude);
      if (limit === 0) limit = wanted;
      for (; limit < wanted; limit *= 2) this.#widen(histogram);
      this.#limits[histogram] = limit;
    }
    const bin = Math.floor((value / limit + 1) * this.bins / 2);
    this.#counts[histogram * this.bins + Math.min(bin, this.bins - 1)]++;
  }

  /** One of the histograms; empty, over [−1, 1], where nothing was counted. */
  histogram(index: number): Histogram {
    const limit = this.#limits[index] || 1;
    return {
      low: -limit,
      high: limit,
      counts: this.#counts.slice(index * this.bins, (index + 1) * this.bins),
    };
  }

  /** All of them, as the atom browser takes them. */
  all(): ActivationHistograms {
    return {
      bins: this.bins,
      limits: this.#limits.slice(),
      counts: this.#counts.slice(),
    };
  }

  // The inner half of the wider histogram takes each two neighbours of the narrower one.
  #widen(histogram: number): void {
    const { bins } = this;
    const counts = this.#counts.subarray(
      histogram * bins,
      (histogram + 1) * bins,
    );
    const narrow = counts.slice();
    counts.fill(0);
    for (let b = 0; b < bins; b += 2) {
      counts[bins / 4 + b / 2] = narrow[b] + narrow[b + 1];
    }
  }
}

function powerOfTwoAbove(magnitude: number): number {
  let power = 2 ** Math.floor(Math.log2(magnitude));
  while (power <= magnitude) power *= 2;
  while (power / 2 > magnitude) power /= 2;
  return power;
}
