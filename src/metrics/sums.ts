/** How well rows are rebuilt, and with how many nonzeros. */
export interface QualityMetrics {
  /** Rows measured. */
  rows: number;
  /** Σ‖r‖² / Σ‖y − ȳ‖²: the share of variance not explained. Lower is better. NaN where rows do not vary. */
  fvu: number;
  /** 1 − fvu. */
  explained_variance: number;
  /** fvu with rows beyond the model's norm limit pulled in to it; absent where no row is beyond it. */
  fvu_capped?: number;
  /** Rows beyond the limit. */
  capped_rows?: number;
  /** Their share of Σ‖y − b‖², b the model's mean. */
  capped_variance_share?: number;
  /** Mean over rows of 1 − ‖r‖²/‖y − b‖², b the model's mean; rows equal to b are left out. */
  explained_variance_legacy: number;
  /** Mean of ‖r‖². */
  mse: number;
  /** Mean cosine between a row and its reconstruction; rows where either is zero are left out. */
  cosine_similarity: number;
  /** Mean of ‖ŷ‖/‖y‖ over rows that are not zero. */
  l2_ratio: number;
  /** Mean ‖ŷ‖² / mean ⟨y, ŷ⟩. */
  relative_reconstruction_bias: number;
  /** Mean nonzeros a row. */
  l0: number;
  /** Standard deviation of the nonzeros of a row; absent where all rows have as many. */
  l0_std?: number;
  /** Mean positive codes a row: what SAE tools count. */
  l0_positive: number;
  /** Rows of zero length, or rebuilt as zero: left out of the cosine. */
  zero_rows: number;
}

/** Sums over rows from which {@linkcode QualityMetrics} follow. */
export interface Sums {
  add(
    raw: Float32Array,
    rebuilt: Float64Array,
    nonzero: number,
    positive: number,
  ): void;
  result(): QualityMetrics;
  /** All sums so far, in a fixed order: those of several processes can be added up. */
  numbers(): Float64Array;
  /** Takes sums over, in place of its own. */
  take(numbers: Float64Array): void;
}

/**
 * Float64 sums around a mean: Σ‖y − ȳ‖² = Σ‖y − b‖² − ‖Σ(y − b)‖²/N needs no second pass.
 *
 * @param mean b
 * @param normLimit rows further from it than this are counted by themselves too
 */
export function createSums(mean: Float32Array, normLimit = Infinity): Sums {
  const near = new Spread(mean), far = new Spread(mean);
  // Far rows pulled in to the limit: their residual is pulled in with them.
  const pulledIn = new Spread(mean);
  const limitSquare = normLimit * normLimit;
  const s = {
    legacy: 0,
    legacyRows: 0,
    cosine: 0,
    cosineRows: 0,
    ratio: 0,
    ratioRows: 0,
    rebuilt: 0,
    cross: 0,
    nonzero: 0,
    nonzeroSquares: 0,
    positive: 0,
  };
  return {
    add(raw, rebuilt, nonzero, positive) {
      let error = 0, centred = 0, energy = 0, cross = 0, energyRebuilt = 0;
      for (let d = 0; d < raw.length; d++) {
        const y = raw[d], z = rebuilt[d], c = y - mean[d], r = y - z;
        error += r * r;
        centred += c * c;
        energy += y * y;
        cross += y * z;
        energyRebuilt += z * z;
      }
      if (centred > limitSquare) {
        far.add(raw, error, centred, 1);
        pulledIn.add(raw, error, centred, Math.sqrt(limitSquare / centred));
      } else near.add(raw, error, centred, 1);
      s.rebuilt += energyRebuilt;
      s.cross += cross;
      s.nonzero += nonzero;
      s.nonzeroSquares += nonzero * nonzero;
      s.positive += positive;
      if (centred > 0) {
        s.legacy += 1 - error / centred;
        s.legacyRows++;
      }
      if (energy > 0) {
        s.ratio += Math.sqrt(energyRebuilt / energy);
        s.ratioRows++;
      }
      if (energy > 0 && energyRebuilt > 0) {
        s.cosine += cross / Math.sqrt(energy * energyRebuilt);
        s.cosineRows++;
      }
    },
    result() {
      const rows = near.rows + far.rows;
      const fvu = near.fvuWith(far);
      return {
        rows,
        fvu,
        explained_variance: 1 - fvu,
        ...far.rows === 0 ? {} : {
          fvu_capped: near.fvuWith(pulledIn),
          capped_rows: far.rows,
          capped_variance_share: far.centred / (near.centred + far.centred),
        },
        explained_variance_legacy: s.legacy / s.legacyRows,
        mse: (near.error + far.error) / rows,
        cosine_similarity: s.cosine / s.cosineRows,
        l2_ratio: s.ratio / s.ratioRows,
        relative_reconstruction_bias: s.rebuilt / s.cross,
        l0: s.nonzero / rows,
        ...spreadOf(s.nonzero, s.nonzeroSquares, rows),
        l0_positive: s.positive / rows,
        zero_rows: rows - s.cosineRows,
      };
    },
    numbers: () =>
      Float64Array.from([
        ...[near, far, pulledIn].flatMap((spread) => spread.numbers()),
        ...Object.values(s),
      ]),
    take(numbers) {
      const each = 3 + mean.length;
      [near, far, pulledIn].forEach((spread, i) =>
        spread.take(numbers.subarray(i * each, (i + 1) * each))
      );
      const names = Object.keys(s) as (keyof typeof s)[];
      names.forEach((name, i) => s[name] = numbers[3 * each + i]);
    },
  };
}

// Sums of whole numbers: beyond 2⁵³ what they leave may be rounding.
function spreadOf(
  sum: number,
  squares: number,
  rows: number,
): Pick<QualityMetrics, "l0_std"> {
  const deviation = rows * squares - sum * sum;
  return deviation > ROUNDING * rows * squares
    ? { l0_std: Math.sqrt(deviation) / rows }
    : {};
}

/** Of a difference of float64 sums, what may be rounding. */
const ROUNDING = 1e-12;

/** Errors of some rows, and how far they are from the mean. */
class Spread {
  rows = 0;
  error = 0;
  centred = 0;
  readonly #offset: Float64Array;

  constructor(readonly mean: Float32Array) {
    this.#offset = new Float64Array(mean.length);
  }

  /** Adds a row, its distance from the mean and its residual multiplied by a factor. */
  add(raw: Float32Array, error: number, centred: number, factor: number): void {
    const { mean } = this;
    const offset = this.#offset;
    this.rows++;
    this.error += factor * factor * error;
    this.centred += factor * factor * centred;
    for (let d = 0; d < raw.length; d++) {
      offset[d] += factor * (raw[d] - mean[d]);
    }
  }

  numbers(): number[] {
    return [this.rows, this.error, this.centred, ...this.#offset];
  }

  take(numbers: Float64Array): void {
    [this.rows, this.error, this.centred] = numbers;
    this.#offset.set(numbers.subarray(3));
  }

  /** The share of variance not explained of these rows and others. */
  fvuWith(other: Spread): number {
    const offset = this.#offset, others = other.#offset;
    let shift = 0;
    for (let d = 0; d < offset.length; d++) {
      shift += (offset[d] + others[d]) ** 2;
    }
    const rows = this.rows + other.rows;
    const centred = this.centred + other.centred;
    const variance = centred - shift / rows;
    // Of one row, or of rows that are all the same, there is nothing but rounding.
    if (!(variance > ROUNDING * centred)) return NaN;
    return (this.error + other.error) / variance;
  }
}
