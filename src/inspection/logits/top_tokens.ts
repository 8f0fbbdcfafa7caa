import { EMPTY_SLOT } from "../../engine/engine.ts";

/** The tokens of the largest values of every atom, largest first; of equal ones the lower id first. */
export class TopTokens {
  readonly count: number;
  /** atoms × count; unused places hold {@linkcode EMPTY_SLOT}. */
  readonly ids: Uint32Array;
  /** atoms × count values as they were offered; 0 where unused. */
  readonly values: Float32Array;
  /** Ranks: the values, or their negatives. */
  readonly #ranks: Float32Array;

  /**
   * @param atoms how many
   * @param count tokens kept of each
   */
  constructor(atoms: number, count: number) {
    this.count = count;
    this.ids = new Uint32Array(atoms * count).fill(EMPTY_SLOT);
    this.values = new Float32Array(atoms * count);
    this.#ranks = new Float32Array(atoms * count).fill(-Infinity);
  }

  /**
   * Offers an atom's values of consecutive tokens.
   *
   * @param atom whose
   * @param values of tokens first, first + 1, …
   * @param first the first token's id
   * @param sign −1 ranks the lowest values first
   */
  offerAll(
    atom: number,
    values: Float32Array,
    first: number,
    sign: 1 | -1,
  ): void {
    const last = (atom + 1) * this.count - 1;
    let least = this.#ranks[last];
    for (let i = 0; i < values.length; i++) {
      // Not a number is not offered; equal ones only where the id may be lower.
      if (!(sign * values[i] >= least)) continue;
      this.offer(atom, first + i, values[i], sign);
      least = this.#ranks[last];
    }
  }

  /** Offers one token. */
  offer(atom: number, id: number, value: number, sign: 1 | -1): void {
    const { ids, values } = this;
    const ranks = this.#ranks;
    const rank = sign * value;
    const first = atom * this.count;
    let place = first + this.count;
    const before = (at: number) =>
      rank > ranks[at] || rank === ranks[at] && id < ids[at];
    if (!before(place - 1)) return;
    for (place--; place > first && before(place - 1); place--) {
      ranks[place] = ranks[place - 1];
      values[place] = values[place - 1];
      ids[place] = ids[place - 1];
    }
    ranks[place] = rank;
    values[place] = value;
    ids[place] = id;
  }
}
