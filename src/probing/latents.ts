import type { LatentFit } from "../metrics/probe_result.ts";
import type { Task } from "./draw.ts";

/** Counts, over rows as they come, in how many rows of each class each latent fires. */
export class LatentCounts {
  readonly #latents: number;
  /** Rows where a latent fires, rows of a class, and rows of a class where a latent fires. */
  readonly #fired: Float64Array;
  readonly #of: Float64Array;
  readonly #both: Float64Array;
  #rows = 0;

  /**
   * @param latents how many
   * @param classes how many
   */
  constructor(latents: number, readonly classes: number) {
    this.#latents = latents;
    this.#fired = new Float64Array(latents);
    this.#of = new Float64Array(classes);
    this.#both = new Float64Array(classes * latents);
  }

  /** Rows counted. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a row: the latents that fire in it, and its classes. */
  add(latents: ArrayLike<number>, classes: ArrayLike<number>): void {
    this.#rows++;
    for (let e = 0; e < latents.length; e++) this.#fired[latents[e]]++;
    for (let i = 0; i < classes.length; i++) {
      this.#of[classes[i]]++;
      const row = classes[i] * this.#latents;
      for (let e = 0; e < latents.length; e++) this.#both[row + latents[e]]++;
    }
  }

  /** The latent of the largest F1 for a class, the lower one on ties; undefined where none fires. */
  best(place: number): number | undefined {
    let best: number | undefined, most = 0;
    for (let f = 0; f < this.#latents; f++) {
      const f1 = this.#f1(place, f);
      if (f1 > most) [best, most] = [f, f1];
    }
    return best;
  }

  /** The class of the largest F1 for a latent among some. */
  bestClass(latent: number, places: readonly number[]): number | undefined {
    let best: number | undefined, most = 0;
    for (const place of places) {
      const f1 = this.#f1(place, latent);
      if (f1 > most) [best, most] = [place, f1];
    }
    return best;
  }

  /** How a latent tells a class. */
  fit(place: number, latent: number): LatentFit {
    const both = this.#both[place * this.#latents + latent];
    const atoms = this.#latents / 2;
    return {
      atom: latent % atoms,
      sign: latent < atoms ? "+" : "-",
      precision: both / Math.max(1, this.#fired[latent]),
      recall: both / Math.max(1, this.#of[place]),
      f1: this.#f1(place, latent),
      density: this.density(latent),
    };
  }

  /** The share of rows where a latent fires. */
  density(latent: number): number {
    return this.#fired[latent] / Math.max(1, this.#rows);
  }

  /** The latents' densities. */
  densities(): Float64Array {
    return this.#fired.map((fired) => fired / Math.max(1, this.#rows));
  }

  #f1(place: number, latent: number): number {
    const both = this.#both[place * this.#latents + latent];
    return both === 0 ? 0 : 2 * both / (this.#fired[latent] + this.#of[place]);
  }
}

/** The places of a label's classes that are probed for. */
export function placesOf(tasks: readonly Task[], label: string): number[] {
  return tasks.filter((task) => task.label === label)
    .map(({ place }) => place);
}
