import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import type { Histogram } from "./data.ts";
import { GrowingHistograms } from "./histogram.ts";

const BINS = 128;

/** How code values and nonzeros are spread, for a report: accumulated batch by batch. */
export class CodeDistributions {
  readonly #values = new GrowingHistograms(1, BINS);
  readonly #nonzeros: Uint32Array;

  /** @param sparsity most nonzeros a row */
  constructor(sparsity: number) {
    this.#nonzeros = new Uint32Array(sparsity + 1);
  }

  /** Adds the codes of some rows. */
  add(codes: Pick<Codes, "rows" | "sparsity" | "indices" | "values">): void {
    for (let row = 0; row < codes.rows; row++) {
      let nonzeros = 0;
      const end = (row + 1) * codes.sparsity;
      for (let slot = row * codes.sparsity; slot < end; slot++) {
        const value = codes.values[slot];
        if (codes.indices[slot] === EMPTY_SLOT || value === 0) continue;
        nonzeros++;
        this.#values.add(0, value);
      }
      this.#nonzeros[nonzeros]++;
    }
  }

  /** The code values so far, in raw units. */
  get values(): Histogram {
    return this.#values.histogram(0);
  }

  /** Rows by their number of nonzeros so far. */
  get nonzeros(): Uint32Array {
    return this.#nonzeros.slice();
  }
}
