import type { Summable } from "./communicator.ts";

/**
 * The sum of vectors that come one after the other, in float64 and by halves: S(a, b) = S(a, c) + S(c, b) with c = ⌊(a
 * + b)/2⌋. Few of them are held at a time.
 */
export class HalvesSum {
  readonly #terms: number;
  /** Sums of runs of terms that no later term belongs to. */
  readonly #done: Float64Array<ArrayBuffer>[] = [];
  #taken = 0;

  /** @param terms how many vectors will come, at least one */
  constructor(terms: number) {
    this.#terms = terms;
  }

  /** Takes the next vector; it is given away. */
  add(term: Float64Array<ArrayBuffer>): void {
    const done = this.#done;
    done.push(term);
    const endings = endingsAt(this.#taken++, 0, this.#terms);
    for (let run = 0; run < endings; run++) {
      const latter = done.pop()!, sum = done.at(-1)!;
      for (let i = 0; i < sum.length; i++) sum[i] += latter[i];
    }
  }

  /** The sum, once all have come. */
  result(): Float64Array<ArrayBuffer> {
    return this.#done[0];
  }
}

// How many of the runs that are split in halves end with a term.
function endingsAt(term: number, from: number, to: number): number {
  if (to - from === 1) return 0;
  const middle = (from + to) >> 1;
  if (term < middle) return endingsAt(term, from, middle);
  return endingsAt(term, middle, to) + (term === to - 1 ? 1 : 0);
}

/** Terms of several ranks, one after the other in `terms`, added in float64 by halves of the ranks. */
export function addTerms<T extends Summable>(terms: T, ranks: number): T {
  const length = terms.length / ranks, sum = new HalvesSum(ranks);
  for (let rank = 0; rank < ranks; rank++) {
    const term = terms.subarray(rank * length, (rank + 1) * length);
    sum.add(Float64Array.from(term));
  }
  const Kind = terms.constructor as new (values: Float64Array) => T;
  return new Kind(sum.result());
}
