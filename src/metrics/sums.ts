/** How well rows are rebuilt, and with how many nonzeros. */
export interface QualityMetrics {
  /** Rows measured. */
  rows: number;
  /** Σ‖r‖² / Σ‖y − ȳ‖²: the share of variance not explained. Lower is better. */
  fvu: number;
  /** 1 − fvu. */
  explained_variance: number;
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
}

/** Float64 sums around a mean: Σ‖y − ȳ‖² = Σ‖y − b‖² − ‖Σ(y − b)‖²/N needs no second pass. */
export function createSums(mean: Float32Array): Sums {
  const offset = new Float64Array(mean.length);
  const s = {
    rows: 0,
    error: 0,
    centred: 0,
    legacy: 0,
    legacyRows: 0,
    cosine: 0,
    cosineRows: 0,
    ratio: 0,
    ratioRows: 0,
    rebuilt: 0,
    cross: 0,
    nonzero: 0,
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
        offset[d] += c;
      }
      s.rows++;
      s.error += error;
      s.centred += centred;
      s.rebuilt += energyRebuilt;
      s.cross += cross;
      s.nonzero += nonzero;
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
      const shift = offset.reduce((sum, value) => sum + value * value, 0);
      const fvu = s.error / (s.centred - shift / s.rows);
      return {
        rows: s.rows,
        fvu,
        explained_variance: 1 - fvu,
        explained_variance_legacy: s.legacy / s.legacyRows,
        mse: s.error / s.rows,
        cosine_similarity: s.cosine / s.cosineRows,
        l2_ratio: s.ratio / s.ratioRows,
        relative_reconstruction_bias: s.rebuilt / s.cross,
        l0: s.nonzero / s.rows,
        l0_positive: s.positive / s.rows,
        zero_rows: s.rows - s.cosineRows,
      };
    },
  };
}
