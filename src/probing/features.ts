import type { LabelledUnits } from "./draw.ts";
import type { LabelledRows } from "./logistic.ts";

/** Numbers that stand for units: latents of a model, or coordinates. */
export interface Features {
  /** How many for each unit. */
  readonly count: number;
  /** Calls back with every feature of a unit that is not 0. */
  forEach(
    slot: number,
    visit: (feature: number, value: number) => void,
  ): void;
}

/** One unit's latents that are not 0. */
export interface SparseUnit {
  latents: Uint32Array;
  values: Float32Array;
}

/** The latents of units that are not 0, by slot. */
export interface LatentStore {
  /** Calls back with every latent of a unit that fires. */
  forEach(slot: number, visit: (latent: number, value: number) => void): void;
}

/** Latents of a model: z⁺ of atom j is latent j, z⁻ is latent m + j, so that none is negative. */
export class LatentFeatures implements Features {
  readonly count: number;
  readonly #store: LatentStore;
  readonly #factor: number;

  /**
   * @param atoms m
   * @param store the latents of every unit kept
   * @param factor of their values
   */
  constructor(atoms: number, store: LatentStore, factor = 1) {
    this.count = 2 * atoms;
    this.#store = store;
    this.#factor = factor;
  }

  /** Calls back with every latent of a unit that fires. */
  forEach(slot: number, visit: (feature: number, value: number) => void) {
    this.#store.forEach(slot, (f, value) => visit(f, value * this.#factor));
  }
}

/** Coordinates of rows, or what is computed of them. */
export class DenseFeatures implements Features {
  constructor(readonly data: Float32Array, readonly count: number) {}

  /** Calls back with every coordinate of a unit. */
  forEach(slot: number, visit: (feature: number, value: number) => void) {
    for (let f = 0; f < this.count; f++) {
      visit(f, this.data[slot * this.count + f]);
    }
  }
}

/**
 * The features that tell a class most: Δ = the mean over its units less the mean over the others, in order of |Δ|,
 * the lower feature on ties.
 *
 * @param features of the units
 * @param train units by slot, as many of the class as others
 * @param most how many
 * @param normalised sae-probes' definition: values are first divided by the mean of those that are not 0
 */
export function tellingFeatures(
  features: Features,
  train: LabelledUnits,
  most: number,
  normalised: boolean,
): Uint32Array {
  const { count } = features;
  const of = new Float64Array(count), others = new Float64Array(count);
  const uses = new Float64Array(count);
  let positives = 0;
  train.units.forEach((slot, i) => {
    const positive = train.positive[i] === 1;
    const sums = positive ? of : others;
    if (positive) positives++;
    features.forEach(slot, (f, value) => {
      sums[f] += value;
      uses[f] += value === 0 ? 0 : 1;
    });
  });
  const negatives = train.units.length - positives;
  const sizes = new Float64Array(count);
  for (let f = 0; f < count; f++) {
    let difference = of[f] / positives - others[f] / negatives;
    if (normalised) {
      const mean = (of[f] + others[f]) / (uses[f] + 1e-6);
      difference /= mean + 1e-6;
    }
    sizes[f] = Math.abs(difference);
  }
  return largest(sizes, most);
}

/** The places of the largest values above 0, largest first, the lower place on ties. */
export function largest(values: Float64Array, most: number): Uint32Array {
  const places: number[] = [];
  for (let f = 0; f < values.length; f++) {
    if (!(values[f] > 0)) continue;
    const last = places[places.length - 1];
    if (places.length === most && values[f] <= values[last]) continue;
    let at = places.length;
    while (at > 0 && values[places[at - 1]] < values[f]) at--;
    places.splice(at, 0, f);
    if (places.length > most) places.pop();
  }
  return Uint32Array.from(places);
}

/** Some features of units as rows for a probe. */
export function columnsOf(
  features: Features,
  { units, positive }: LabelledUnits,
  chosen: Uint32Array,
): LabelledRows {
  const width = chosen.length;
  const data = new Float64Array(units.length * width);
  const place = new Map(Array.from(chosen, (f, i) => [f, i] as const));
  units.forEach((slot, i) => {
    features.forEach(slot, (f, value) => {
      const at = place.get(f);
      if (at !== undefined) data[i * width + at] = value;
    });
  });
  return { data, width, positive };
}
