import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";

/** A row that some atom uses most. */
export interface KeptRow {
  indices: Uint32Array;
  values: Float32Array;
  residual: number;
  /** Filled in by who knows the texts. */
  text?: RowText;
  /** Places it holds among atoms' top rows. */
  places: number;
}

/** A row's text, with what stands around it where it is part of a text. */
export interface RowText {
  /** The text; a token where rows are tokens. */
  text: string;
  /** What stands before it in its text. */
  before: string;
  /** What stands after it in its text. */
  after: string;
}

/**
 * Keeps, in one pass, the rows that use each atom most (by absolute value; the earlier row on ties). Memory is bounded by
 * atoms × perAtom rows with their codes.
 */
export class TopRowKeeper {
  readonly perAtom: number;
  /** atoms × perAtom, strongest first; 0 where there is none. */
  readonly values: Float32Array;
  /** atoms × perAtom row numbers; −1 where there is none. */
  readonly rows: Float64Array;
  /** The rows that hold a place, by number. */
  readonly kept: Map<number, KeptRow> = new Map();

  /**
   * @param atoms number of atoms
   * @param perAtom rows kept for each
   */
  constructor(atoms: number, perAtom: number) {
    this.perAtom = perAtom;
    this.values = new Float32Array(atoms * perAtom);
    this.rows = new Float64Array(atoms * perAtom).fill(-1);
  }

  /** Offers coded rows; returns those of them that now hold a place, by their number. */
  offer(codes: Codes, rowNumbers: Float64Array): number[] {
    const touched = new Set<number>();
    for (let i = 0; i < codes.rows; i++) {
      for (let s = i * codes.sparsity; s < (i + 1) * codes.sparsity; s++) {
        const atom = codes.indices[s];
        if (atom === EMPTY_SLOT || !this.#beats(atom, codes.values[s])) {
          continue;
        }
        this.#hold(codes, i, rowNumbers[i]);
        this.#insert(atom, codes.values[s], rowNumbers[i]);
        touched.add(rowNumbers[i]);
      }
    }
    return [...touched].filter((row) => this.kept.has(row));
  }

  #beats(atom: number, value: number): boolean {
    const last = (atom + 1) * this.perAtom - 1;
    return Math.abs(value) > Math.abs(this.values[last]);
  }

  #hold(codes: Codes, i: number, row: number) {
    const held = this.kept.get(row);
    if (held !== undefined) {
      held.places++;
      return;
    }
    const from = i * codes.sparsity;
    this.kept.set(row, {
      indices: codes.indices.slice(from, from + codes.sparsity),
      values: codes.values.slice(from, from + codes.sparsity),
      residual: codes.residual[i],
      places: 1,
    });
  }

  #insert(atom: number, value: number, row: number) {
    const first = atom * this.perAtom;
    let place = first + this.perAtom - 1;
    this.#release(this.rows[place]);
    while (
      place > first && Math.abs(this.values[place - 1]) < Math.abs(value)
    ) {
      this.values[place] = this.values[place - 1];
      this.rows[place] = this.rows[place - 1];
      place--;
    }
    this.values[place] = value;
    this.rows[place] = row;
  }

  #release(row: number) {
    const held = this.kept.get(row);
    if (held !== undefined && --held.places === 0) this.kept.delete(row);
  }
}
