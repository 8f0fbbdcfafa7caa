import { EMPTY_SLOT } from "./engine.ts";

/** Finds the k largest entries of one row after the other: a heap of k, the weakest on top, that further ones pass. */
export class LargestEntries {
  readonly #positive: boolean;
  readonly #sizes: Float32Array;
  readonly #places: Uint32Array;
  #held = 0;

  /**
   * @param k how many at most
   * @param positive only entries above zero; else the largest in size, with their signs
   */
  constructor(k: number, positive: boolean) {
    this.#positive = positive;
    this.#sizes = new Float32Array(k);
    this.#places = new Uint32Array(k);
  }

  /**
   * Writes a row's largest entries, the largest first, the lower place on ties.
   *
   * @param row what to choose from
   * @param floor entries up to this in size are left out
   * @param indices k slots for their places; unused ones get `EMPTY_SLOT`
   * @param values k slots for them
   */
  find(
    row: Float32Array,
    floor: number,
    indices: Uint32Array,
    values: Float32Array,
  ): void {
    this.#gather(row, floor);
    indices.fill(EMPTY_SLOT, this.#held);
    values.fill(0, this.#held);
    while (this.#held > 0) {
      const place = this.#places[0];
      this.#held--;
      indices[this.#held] = place;
      values[this.#held] = row[place];
      this.#sink(this.#sizes[this.#held], this.#places[this.#held]);
    }
  }

  #gather(row: Float32Array, floor: number): void {
    const k = this.#sizes.length;
    let least = floor;
    for (let j = 0; j < row.length; j++) {
      const size = this.#positive ? row[j] : Math.abs(row[j]);
      if (!(size > least)) continue;
      if (this.#held < k) this.#rise(size, j);
      else this.#sink(size, j);
      if (this.#held === k) least = this.#sizes[0];
    }
  }

  // Adds an entry at the bottom.
  #rise(size: number, place: number): void {
    let at = this.#held++;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#isWeaker(size, place, above)) break;
      this.#put(at, this.#sizes[above], this.#places[above]);
      at = above;
    }
    this.#put(at, size, place);
  }

  // Puts an entry in the place of the weakest.
  #sink(size: number, place: number): void {
    let at = 0;
    for (let below = 1; below < this.#held; below = 2 * at + 1) {
      const other = below + 1;
      if (
        other < this.#held &&
        this.#isWeaker(this.#sizes[other], this.#places[other], below)
      ) below = other;
      if (this.#isWeaker(size, place, below)) break;
      this.#put(at, this.#sizes[below], this.#places[below]);
      at = below;
    }
    this.#put(at, size, place);
  }

  #put(at: number, size: number, place: number): void {
    this.#sizes[at] = size;
    this.#places[at] = place;
  }

  // Whether an entry comes after that at a place of the heap.
  #isWeaker(size: number, place: number, at: number): boolean {
    return size < this.#sizes[at] ||
      size === this.#sizes[at] && place > this.#places[at];
  }
}
