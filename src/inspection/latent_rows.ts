import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { CONTEXT_WIDTH, type Contexts } from "./contexts.ts";

/** A row's text, with what stands around it where it is part of a text. */
export interface RowText {
  /** The text; a token where rows are tokens. */
  text: string;
  /** What stands before it in its text. */
  before: string;
  /** What stands after it in its text. */
  after: string;
}

/** What was found out of a row's text: the tokens around it too, where it is one of them. */
export interface FoundText extends RowText {
  /** The tokens of the shown context, in order. */
  tokens?: string[];
  /** Which of them is the row's own. */
  at?: number;
}

/** A row that some latent shows. */
export interface KeptRow {
  indices: Uint32Array;
  values: Float32Array;
  residual: number;
  /** Filled in by who knows the texts. */
  text?: FoundText;
  /** Places it holds among latents' rows. */
  places: number;
}

/** What is called for rows that come to hold a place with some latent, and that lose it. */
export interface RowHolder {
  /** Gives row i of some codes a place more. */
  hold(codes: Codes, i: number, row: number): void;
  /** Takes a place from a row. */
  release(row: number): void;
}

/** For who wants to know which rows hold places, and nothing else of them. */
export const NOTHING_HELD: RowHolder = { hold() {}, release() {} };

/** The rows that hold a place with some latent, by number. */
export class KeptRows implements RowHolder {
  readonly byNumber: Map<number, KeptRow> = new Map();

  /** Gives row i of some codes a place more. */
  hold(codes: Codes, i: number, row: number): void {
    const held = this.byNumber.get(row);
    if (held !== undefined) {
      held.places++;
      return;
    }
    const from = i * codes.sparsity;
    this.byNumber.set(row, {
      indices: codes.indices.slice(from, from + codes.sparsity),
      values: codes.values.slice(from, from + codes.sparsity),
      residual: codes.residual[i],
      places: 1,
    });
  }

  /** Takes a place from a row; one that holds none is forgotten. */
  release(row: number): void {
    const held = this.byNumber.get(row);
    if (held !== undefined && --held.places === 0) this.byNumber.delete(row);
  }
}

/**
 * The rows of every latent that come first by some rank, kept in one pass; the earlier row on ties. Memory is bounded
 * by latents × perLatent rows with their codes.
 */
export class RankedRows {
  readonly perLatent: number;
  /** latents × perLatent code values, first rank first; 0 where there is none. */
  readonly values: Float32Array;
  /** latents × perLatent row numbers; −1 where there is none. */
  readonly rows: Float64Array;
  /** latents × perLatent × tokens of a context. */
  readonly contexts?: Int8Array;
  readonly #ranks: Float64Array;
  readonly #kept: RowHolder;

  /**
   * @param latents how many
   * @param perLatent rows kept for each
   * @param kept where the rows' codes are held, if they are
   * @param nested whether contexts of tokens are kept too
   */
  constructor(
    latents: number,
    perLatent: number,
    kept: RowHolder,
    nested: boolean,
  ) {
    const places = latents * perLatent;
    this.perLatent = perLatent;
    this.values = new Float32Array(places);
    this.rows = new Float64Array(places).fill(-1);
    this.#ranks = new Float64Array(places).fill(-Infinity);
    if (nested) this.contexts = new Int8Array(places * CONTEXT_WIDTH);
    this.#kept = kept;
  }

  /**
   * Offers a row's use of a latent.
   *
   * @param latent which
   * @param rank larger ones come first
   * @param use the codes, the row's place in them and its number, and the code's slot
   * @returns whether the row now holds a place
   */
  offer(
    latent: number,
    rank: number,
    { codes, i, slot, row, around }: Use,
  ): boolean {
    const first = latent * this.perLatent;
    let place = first + this.perLatent - 1;
    if (this.perLatent === 0 || rank <= this.#ranks[place]) return false;
    this.#kept.hold(codes, i, row);
    this.#kept.release(this.rows[place]);
    while (place > first && this.#ranks[place - 1] < rank) {
      this.#move(place - 1, place);
      place--;
    }
    this.#ranks[place] = rank;
    this.values[place] = codes.values[slot];
    this.rows[place] = row;
    if (this.contexts !== undefined) {
      const at = place * CONTEXT_WIDTH;
      around?.write(
        i,
        codes.indices[slot],
        codes.values[slot],
        this.contexts,
        at,
      );
    }
    return true;
  }

  #move(from: number, to: number): void {
    this.#ranks[to] = this.#ranks[from];
    this.values[to] = this.values[from];
    this.rows[to] = this.rows[from];
    const { contexts } = this;
    const at = from * CONTEXT_WIDTH;
    contexts?.copyWithin(to * CONTEXT_WIDTH, at, at + CONTEXT_WIDTH);
  }
}

/** One nonzero of a row. */
export interface Use {
  codes: Codes;
  /** The row's place in the codes. */
  i: number;
  /** The nonzero's place in the codes. */
  slot: number;
  /** The row's number. */
  row: number;
  /** The tokens around the row. */
  around?: Contexts | undefined;
}

/**
 * A number in [0, 1) that follows from a row's number alone and is spread evenly: rows with the largest ones are a
 * sample of all rows, the same in any order of reading (SplitMix's finaliser on 32 bits).
 *
 * @param row the row's number
 * @param salt another one makes another sample
 */
export function rowRank(row: number, salt = 0): number {
  let x = (row ^ Math.floor(row / 2 ** 32) * 0x9e3779b9 ^ salt) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * Keeps, of every latent, the rows that use it most, and rows drawn evenly from all that use it, which show what it
 * does below its top.
 */
export class LatentRowKeeper {
  readonly kept: KeptRows = new KeptRows();
  readonly top: RankedRows;
  readonly spread: RankedRows;
  readonly #sides: number;

  /**
   * @param atoms number of atoms
   * @param sides 2 where codes have signs, which are kept apart; else 1
   * @param rows rows kept for each latent: at the top, and from all over
   * @param nested whether rows are tokens of texts
   * @param holder what keeps the rows' codes: `kept`, where nothing else is named
   */
  constructor(
    atoms: number,
    sides: number,
    rows: { top: number; spread: number },
    nested: boolean,
    holder: RowHolder = this.kept,
  ) {
    const latents = atoms * sides;
    this.#sides = sides;
    this.top = new RankedRows(latents, rows.top, holder, nested);
    this.spread = new RankedRows(latents, rows.spread, holder, nested);
  }

  /**
   * Offers coded rows start ≤ i < end.
   *
   * @returns the numbers of those that now hold a place
   */
  offer(
    codes: Codes,
    rowNumbers: ArrayLike<number>,
    { start = 0, end = codes.rows, around }: {
      start?: number;
      end?: number;
      around?: Contexts;
    } = {},
  ): number[] {
    const touched: number[] = [];
    for (let i = start; i < end; i++) {
      const row = rowNumbers[i];
      const evenly = rowRank(row);
      let holds = false;
      for (
        let slot = i * codes.sparsity;
        slot < (i + 1) * codes.sparsity;
        slot++
      ) {
        const atom = codes.indices[slot];
        const value = codes.values[slot];
        if (atom === EMPTY_SLOT || value === 0) continue;
        const latent = latentOf(atom, value, this.#sides);
        const use = { codes, i, slot, row, around };
        if (this.top.offer(latent, Math.abs(value), use)) holds = true;
        if (this.spread.offer(latent, evenly, use)) holds = true;
      }
      if (holds) touched.push(row);
    }
    return touched.filter((row) => this.kept.byNumber.has(row));
  }
}

/** The latent that a code belongs to: an atom's latents stand together, the positive one first. */
export function latentOf(atom: number, value: number, sides: number): number {
  return sides === 1 ? atom : 2 * atom + (value < 0 ? 1 : 0);
}
