import { EMPTY_SLOT } from "../engine/engine.ts";
import { NEIGHBOURS, type TextPlaces } from "../inspection/contexts.ts";
import { latentOf, rowRank } from "../inspection/latent_rows.ts";
import type { NumberedCodes } from "../inspection/stored_codes.ts";

/** A row, or a token with those around it, and what is active in it. */
export interface PooledWindow {
  row: number;
  /** The latents that some row of it uses. */
  active: ReadonlySet<number>;
}

/** Rows in the pool. Most latents are active in few of them. */
const WINDOWS = 256;

/** Another sample than the one of rows that show latents. */
const SALT = 0x51ed270b;

/**
 * A sample of all rows, the same in any order of reading: where texts come from in which a latent is not active. Rows
 * that are tokens count with the tokens around them.
 */
export class WindowPool {
  readonly #sides: number;
  #held: (PooledWindow & { rank: number })[] = [];

  /** @param sides latents of an atom */
  constructor(sides: number) {
    this.#sides = sides;
  }

  /**
   * Offers rows start ≤ i < end.
   *
   * @param coded the rows and those around them
   * @param places where they stand in their texts, if they are tokens
   * @param range start and end
   */
  offer(
    { codes, numbers }: NumberedCodes,
    places: TextPlaces | undefined,
    { start, end }: { start: number; end: number },
  ): void {
    for (let i = start; i < end; i++) {
      const rank = rowRank(numbers[i], SALT);
      const last = this.#held.at(-1);
      const isFull = this.#held.length === WINDOWS;
      if (isFull && rank <= last!.rank) continue;
      if (isFull) this.#held.pop();
      const active = new Set<number>();
      for (const j of windowOf(i, places)) this.#addActive(codes, j, active);
      const at = this.#held.findIndex((other) => other.rank < rank);
      this.#held.splice(at < 0 ? this.#held.length : at, 0, {
        ...{ row: numbers[i], active, rank },
      });
    }
  }

  #addActive(
    { sparsity, indices, values }: NumberedCodes["codes"],
    row: number,
    active: Set<number>,
  ): void {
    for (let slot = row * sparsity; slot < (row + 1) * sparsity; slot++) {
      if (indices[slot] === EMPTY_SLOT || values[slot] === 0) continue;
      active.add(latentOf(indices[slot], values[slot], this.#sides));
    }
  }

  /** The sample. */
  get windows(): readonly PooledWindow[] {
    return this.#held;
  }

  /** Those in which a latent is not active, in an order of the latent's own. */
  without(latent: number): PooledWindow[] {
    return this.#held.filter(({ active }) => !active.has(latent))
      .sort((a, b) => rowRank(a.row, latent + 1) - rowRank(b.row, latent + 1));
  }
}

// A row and, where rows are tokens, those of its text that are shown with it.
function windowOf(i: number, places: TextPlaces | undefined): number[] {
  if (places === undefined) return [i];
  const { rows, items } = places;
  const window: number[] = [];
  const first = Math.max(0, i - NEIGHBOURS);
  const last = Math.min(rows.length - 1, i + NEIGHBOURS);
  for (let j = first; j <= last; j++) {
    const isNear = Math.abs(items[j] - items[i]) <= NEIGHBOURS;
    if (rows[j] === rows[i] && isNear) window.push(j);
  }
  return window;
}
