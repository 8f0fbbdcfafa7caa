import type { RandomStream } from "../random.ts";
import type { RowSet } from "./source.ts";

/** A set of row numbers 0 … capacity − 1, one bit a row. */
export class RowBits implements RowSet {
  #words: Uint32Array;
  #size = 0;

  /** @param capacity one more than the largest row number */
  constructor(readonly capacity: number) {
    this.#words = new Uint32Array(Math.ceil(capacity / 32));
  }

  /** How many rows the set holds. */
  get size(): number {
    return this.#size;
  }

  /** Whether the set holds a row; rows beyond the capacity are not in it. */
  has(row: number): boolean {
    if (!(row >= 0 && row < this.capacity)) return false;
    return (this.#words[Math.floor(row / 32)] >>> (row % 32) & 1) === 1;
  }

  /** Adds a row; returns whether it was new. */
  add(row: number): boolean {
    if (!(row >= 0 && row < this.capacity)) {
      throw new RangeError(`Row ${row} is outside 0 … ${this.capacity - 1}`);
    }
    const word = Math.floor(row / 32);
    const bit = 1 << (row % 32);
    if ((this.#words[word] & bit) !== 0) return false;
    this.#words[word] |= bit;
    this.#size++;
    return true;
  }
}

/**
 * Chooses rows at random, each subset of the size equally likely (Floyd's algorithm: Bentley and Floyd 1987, "A
 * sample of brilliance").
 *
 * @param total rows to choose from: 0 … total − 1
 * @param count how many to choose, at most `total`
 * @param random the stream that decides
 * @returns the chosen rows
 */
export function chooseRows(
  total: number,
  count: number,
  random: RandomStream,
): RowBits {
  const chosen = new RowBits(total);
  for (let last = total - Math.min(count, total); last < total; last++) {
    const row = random.integer(last + 1);
    if (!chosen.add(row)) chosen.add(last);
  }
  return chosen;
}
