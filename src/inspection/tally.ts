import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import {
  createRangeHistograms,
  type RangeHistograms,
} from "../metrics/range.ts";
import type { AtomTable } from "../report/data.ts";
import { latentOf } from "./latent_rows.ts";

/** Bins of an atom's activation histogram. */
const HISTOGRAM_BINS = 32;

/** Counts, in one pass, how rows use atoms, and how they use each of an atom's signs. */
export class UsageTally {
  readonly #sides: number;
  readonly #uses: Uint32Array;
  readonly #sum: Float64Array;
  readonly #most: Float32Array;
  readonly #histograms: RangeHistograms;

  /**
   * @param atoms number of atoms
   * @param sides 2 where codes have signs, else 1
   */
  constructor(atoms: number, sides: number) {
    this.#sides = sides;
    this.#uses = new Uint32Array(atoms * sides);
    this.#sum = new Float64Array(atoms * sides);
    this.#most = new Float32Array(atoms * sides);
    this.#histograms = createRangeHistograms(atoms, HISTOGRAM_BINS);
  }

  /** Takes the codes of further rows. */
  add({ indices, values }: Pick<Codes, "indices" | "values">): void {
    for (let slot = 0; slot < indices.length; slot++) {
      const atom = indices[slot];
      const value = values[slot];
      if (atom === EMPTY_SLOT || value === 0) continue;
      const latent = latentOf(atom, value, this.#sides);
      const size = Math.abs(value);
      this.#uses[latent]++;
      this.#sum[latent] += size;
      if (size > this.#most[latent]) this.#most[latent] = size;
      this.#histograms.add(atom, value);
    }
  }

  /** What was counted, by atom and by latent. */
  table(): Pick<
    AtomTable,
    "uses" | "meanActivation" | "maxActivation" | "histograms" | "latents"
  > {
    const sides = this.#sides;
    const atoms = this.#uses.length / sides;
    const both = (values: ArrayLike<number>, atom: number): number[] =>
      Array.from({ length: sides }, (_, side) => values[atom * sides + side]);
    const uses = Uint32Array.from(
      { length: atoms },
      (_, atom) => both(this.#uses, atom).reduce((a, b) => a + b),
    );
    const { bins, limits, counts } = this.#histograms;
    return {
      uses,
      meanActivation: Float32Array.from(
        uses,
        (count, atom) =>
          both(this.#sum, atom).reduce((a, b) => a + b) / Math.max(1, count),
      ),
      maxActivation: Float32Array.from(
        uses,
        (_, atom) => Math.max(...both(this.#most, atom)),
      ),
      latents: { uses: this.#uses, maxActivation: this.#most },
      histograms: { bins, limits, counts },
    };
  }
}
