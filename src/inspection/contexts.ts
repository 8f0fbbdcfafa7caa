import { joinedCodes } from "../coding/pieces.ts";
import type { Codes } from "../engine/engine.ts";

/** Tokens shown on each side of a token. */
export const NEIGHBOURS = 8;

/** Tokens of a context: those before, the row's own, those after. */
export const CONTEXT_WIDTH: number = 2 * NEIGHBOURS + 1;

/** What a share of 1 is stored as: a neighbour's activation may be twice the row's own before it is cut. */
export const CONTEXT_UNIT = 63;

/** Where rows stand in their texts. */
export interface TextPlaces {
  /** The stored row (text) of each. */
  rows: Float64Array;
  /** Place of each within its text. */
  items: Int32Array;
}

/** How strongly the tokens around a row use an atom. */
export class Contexts {
  readonly #codes: Codes;
  readonly #places: TextPlaces;

  /**
   * @param codes of consecutive rows
   * @param places where those rows stand in their texts
   */
  constructor(codes: Codes, places: TextPlaces) {
    this.#codes = codes;
    this.#places = places;
  }

  /**
   * Writes the activations of the tokens around row i: shares of the row's own value, so that what has its sign is
   * positive.
   *
   * @param i the row's place in the codes
   * @param atom which atom
   * @param value the row's own code
   * @param to where to: `CONTEXT_WIDTH` places from `at` on
   */
  write(
    i: number,
    atom: number,
    value: number,
    to: Int8Array,
    at: number,
  ): void {
    const { rows, items } = this.#places;
    for (let shift = -NEIGHBOURS; shift <= NEIGHBOURS; shift++) {
      const j = i + shift;
      const near = j >= 0 && j < this.#codes.rows && rows[j] === rows[i] &&
        items[j] === items[i] + shift;
      const share = near ? this.#valueOf(j, atom) / value : 0;
      to[at + NEIGHBOURS + shift] = Math.round(
        Math.max(-2, Math.min(2, share)) * CONTEXT_UNIT,
      );
    }
  }

  #valueOf(row: number, atom: number): number {
    const { sparsity, indices, values } = this.#codes;
    for (let slot = row * sparsity; slot < (row + 1) * sparsity; slot++) {
      if (indices[slot] === atom) return values[slot];
    }
    return 0;
  }
}

/** Coded rows with those before and after, as far as a context reaches. */
export interface Windowed {
  codes: Codes;
  numbers: Float64Array;
  places: TextPlaces;
  /** The rows whose context is whole: start ≤ i < end. */
  start: number;
  end: number;
}

/**
 * Puts consecutive batches of coded tokens together so that every row is seen once, with the rows around it.
 */
export class ContextWindow {
  #before: Omit<Windowed, "start" | "end"> | undefined;
  #from = 0;

  /** Takes the next batch; gives the rows whose context is known now. */
  add(
    codes: Codes,
    numbers: Float64Array,
    places: TextPlaces,
  ): Windowed {
    const whole = this.#before === undefined
      ? { codes, numbers, places }
      : joined(this.#before, { codes, numbers, places });
    const start = this.#from;
    const end = Math.max(start, whole.codes.rows - NEIGHBOURS);
    const keepFrom = Math.max(0, end - NEIGHBOURS);
    this.#before = cut(whole, keepFrom);
    this.#from = end - keepFrom;
    return { ...whole, start, end };
  }

  /** The last rows, after which nothing stands. */
  rest(): Windowed | undefined {
    if (this.#before === undefined) return undefined;
    const { codes } = this.#before;
    return { ...this.#before, start: this.#from, end: codes.rows };
  }
}

type Rows = Omit<Windowed, "start" | "end">;

function joined(a: Rows, b: Rows): Rows {
  return {
    codes: joinedCodes([a.codes, b.codes]),
    numbers: concat(Float64Array, a.numbers, b.numbers),
    places: {
      rows: concat(Float64Array, a.places.rows, b.places.rows),
      items: concat(Int32Array, a.places.items, b.places.items),
    },
  };
}

function cut({ codes, numbers, places }: Rows, from: number): Rows {
  const { sparsity } = codes;
  return {
    codes: {
      rows: codes.rows - from,
      sparsity,
      indices: codes.indices.slice(from * sparsity),
      values: codes.values.slice(from * sparsity),
      residual: codes.residual.slice(from),
    },
    numbers: numbers.slice(from),
    places: { rows: places.rows.slice(from), items: places.items.slice(from) },
  };
}

type Numbers = Uint32Array | Float32Array | Float64Array | Int32Array;

function concat<T extends Numbers>(
  kind: new (length: number) => T,
  a: T,
  b: T,
): T {
  const whole = new kind(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
