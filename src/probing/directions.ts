import type { Contestant } from "./contestants.ts";
import type { LabelledUnits } from "./draw.ts";

/** A contestant with atoms: a model, or random rows. */
export type WithAtoms = Contestant & { dictionary: Float32Array };

/** ⟨w, d_f⟩ for every latent f: that of −d for negative codes. */
export function alongLatents(
  { dictionary, features }: WithAtoms,
  weights: Float64Array,
): Float64Array {
  const width = weights.length, atoms = features.count / 2;
  const along = new Float64Array(features.count);
  for (let atom = 0; atom < atoms; atom++) {
    let sum = 0;
    for (let p = 0; p < width; p++) {
      sum += dictionary[atom * width + p] * weights[p];
    }
    along[atom] = sum;
    along[atoms + atom] = -sum;
  }
  return along;
}

/** The difference of a latent's means over units of a class and over the others, for every latent. */
export function meanDifferences(
  { features }: Contestant,
  { units, positive }: LabelledUnits,
): Float64Array {
  const of = positive.reduce((sum, one) => sum + one, 0);
  const others = units.length - of;
  const differences = new Float64Array(features.count);
  units.forEach((slot, i) => {
    const share = positive[i] === 1 ? 1 / of : -1 / others;
    features.forEach(slot, (f, value) => differences[f] += share * value);
  });
  return differences;
}

/** What a probe says of units once some latents are taken out of their rows: y − Σ z_f·d_f; the rest of a row stays. */
export function decisionsWithout(
  before: Float64Array,
  contestant: WithAtoms,
  along: Float64Array,
  { units }: LabelledUnits,
  taken: ReadonlySet<number>,
): Float64Array {
  return before.map((decision, i) => {
    let left = decision;
    contestant.features.forEach(units[i], (f, value) => {
      if (taken.has(f)) left -= value * along[f];
    });
    return left;
  });
}

/** The share of units that decisions tell right. */
export function accuracyOf(
  decisions: Float64Array,
  positive: Uint8Array,
): number {
  let right = 0;
  decisions.forEach((value, i) => {
    if ((value > 0 ? 1 : 0) === positive[i]) right++;
  });
  return right / decisions.length;
}
