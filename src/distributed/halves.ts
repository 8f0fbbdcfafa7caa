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

/** Elements that are added at a time: as doubles, some ranks' terms of them stay in the cache. */
const BLOCK = 2048;

/** Terms of several ranks, one after the other in `terms`, added in float64 by halves of the ranks. */
export function addTerms<T extends Summable>(terms: T, ranks: number): T {
  const length = terms.length / ranks;
  const Kind = terms.constructor as new (length: number) => T;
  const sums = new Kind(length), block = new Float64Array(ranks * BLOCK);
  for (let at = 0; at < length; at += BLOCK) {
    const count = Math.min(BLOCK, length - at);
    for (let rank = 0; rank < ranks; rank++) {
      const from = rank * length + at;
      block.set(terms.subarray(from, from + count), rank * BLOCK);
    }
    addRuns(block, count, 0, ranks);
    sums.set(block.subarray(0, count), at);
  }
  return sums;
}

// Adds the runs of a block that are of the ranks from ≤ rank < to, into the first of them.
function addRuns(
  block: Float64Array,
  count: number,
  from: number,
  to: number,
): void {
  if (to - from < 2) return;
  const middle = (from + to) >> 1;
  addRuns(block, count, from, middle);
  addRuns(block, count, middle, to);
  const one = from * BLOCK, other = middle * BLOCK;
  for (let i = 0; i < count; i++) block[one + i] += block[other + i];
}
