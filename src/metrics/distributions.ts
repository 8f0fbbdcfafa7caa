import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { createRangeHistograms, type RangeHistograms, widen } from "./range.ts";

/** Bins of the histogram of code values. */
const VALUE_BINS = 64;

/** How code values and the number of nonzeros are spread over rows. */
export interface CodeDistributions {
  /** Code values of all atoms together, in raw units: equal bins over [−limit, limit]. */
  values: { low: number; high: number; counts: Uint32Array };
  /** Rows by their number of nonzeros: entry l counts the rows with l. */
  nonzeros: Uint32Array;
}

/** Accumulates {@linkcode CodeDistributions} batch by batch. */
export function createDistributions(): {
  add(codes: Pick<Codes, "rows" | "sparsity" | "indices" | "values">): void;
  result(): CodeDistributions;
} {
  const values: RangeHistograms = createRangeHistograms(1, VALUE_BINS);
  let nonzeros = new Uint32Array(1);
  return {
    add({ rows, sparsity, indices, values: coefficients }) {
      if (nonzeros.length <= sparsity) {
        const longer = new Uint32Array(sparsity + 1);
        longer.set(nonzeros);
        nonzeros = longer;
      }
      for (let row = 0; row < rows; row++) {
        let count = 0;
        for (let s = row * sparsity; s < (row + 1) * sparsity; s++) {
          if (indices[s] === EMPTY_SLOT || coefficients[s] === 0) continue;
          values.add(0, coefficients[s]);
          count++;
        }
        nonzeros[count]++;
      }
    },
    result() {
      const limit = values.limits[0];
      const counts = values.counts.slice(0, VALUE_BINS);
      return { values: { low: -limit, high: limit, counts }, nonzeros };
    },
  };
}

/** Puts together what several processes counted. */
export function addDistributions(
  all: readonly CodeDistributions[],
): CodeDistributions {
  const high = Math.max(...all.map(({ values }) => values.high));
  const counts = new Uint32Array(VALUE_BINS);
  const longest = Math.max(...all.map(({ nonzeros }) => nonzeros.length));
  const nonzeros = new Uint32Array(longest);
  for (const one of all) {
    const own = one.values.counts.slice();
    // Limits are powers of two; 0 where nothing was counted.
    for (let limit = one.values.high; 0 < limit && limit < high; limit *= 2) {
      widen(own);
    }
    own.forEach((count, bin) => counts[bin] += count);
    one.nonzeros.forEach((rows, count) => nonzeros[count] += rows);
  }
  return { values: { low: -high, high, counts }, nonzeros };
}
