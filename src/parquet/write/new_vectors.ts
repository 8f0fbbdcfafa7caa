import { DbksvdError } from "../../errors.ts";
import { joined } from "../../files/joined.ts";
import type { Leaf } from "../read/columns.ts";
import type { DecodedPage } from "../read/through_hyparquet.ts";
import { elementBytes, type FloatElement } from "./elements.ts";

/**
 * Gives the new vectors of some rows (and places within them, where rows are nested), asked for in ascending order;
 * undefined where the old vector stays.
 */
export type TakeVectors = (
  rows: readonly number[],
  items: readonly number[] | undefined,
) => Promise<(Float32Array | undefined)[]>;

/** A vector that values are being taken from. */
interface Filling {
  row: number;
  vector: Float32Array | undefined;
  /** Values so far. */
  at: number;
}

/** Puts new vectors into a column's pages, page after page; their levels stay. */
export class NewVectors {
  readonly #leaf: Leaf;
  readonly #width: number;
  readonly #take: TakeVectors;
  #row: number;
  #item = -1;
  #current: Filling | undefined;

  /**
   * @param leaf the column
   * @param width of every vector
   * @param firstRow of the chunk, counted over the file
   * @param take gives the new vectors
   */
  constructor(leaf: Leaf, width: number, firstRow: number, take: TakeVectors) {
    this.#leaf = leaf;
    this.#width = width;
    this.#row = firstRow - 1;
    this.#take = take;
  }

  /** The bytes of a page's values, PLAIN. */
  async replace(page: DecodedPage, slots: number): Promise<Uint8Array> {
    if (this.#leaf.layout === "blob") return await this.#blobs(page, slots);
    const values = Float64Array.from(page.values as ArrayLike<number>);
    const fillings = await this.#fillings(page, slots);
    let next = 0;
    let value = 0;
    for (let slot = 0; slot < slots; slot++) {
      if (fillings.starts[next] === slot) {
        this.#requireFull();
        this.#current = fillings.begun[next++];
      }
      if (!this.#isPresent(page, slot)) continue;
      const filling = this.#current!;
      if (filling.vector !== undefined) {
        values[value] = filling.vector[filling.at];
      }
      filling.at++;
      value++;
    }
    return elementBytes(this.#leaf.element as FloatElement, values);
  }

  /** Ends the column's chunk. */
  finish(): void {
    this.#requireFull();
    this.#current = undefined;
  }

  #isPresent({ definition }: DecodedPage, slot: number): boolean {
    const { maxDefinition } = this.#leaf;
    return (definition[slot] ?? maxDefinition) === maxDefinition;
  }

  // The vectors that begin in a page, and the slots where they do.
  async #fillings(page: DecodedPage, slots: number) {
    const { maxDefinition, outerDefinition, layout } = this.#leaf;
    const nested = layout === "nested";
    const starts: number[] = [];
    const rows: number[] = [];
    const items: number[] = [];
    for (let slot = 0; slot < slots; slot++) {
      const repetition = page.repetition[slot] ?? 0;
      if (repetition > (nested ? 1 : 0)) continue;
      if (repetition === 0) {
        this.#row++;
        this.#item = -1;
      }
      if ((page.definition[slot] ?? maxDefinition) < outerDefinition) continue;
      starts.push(slot);
      rows.push(this.#row);
      items.push(++this.#item);
    }
    const vectors = await this.#take(rows, nested ? items : undefined);
    const begun = vectors.map((vector, i) => ({ row: rows[i], vector, at: 0 }));
    return { starts, begun };
  }

  #requireFull(): void {
    if (this.#current === undefined) return;
    const { vector, at, row } = this.#current;
    if (vector === undefined || at === this.#width) return;
    throw new DbksvdError(
      "data",
      `Row holds ${at} values instead of ${this.#width}`,
      { where: { row }, mend: "name the input that was encoded" },
    );
  }

  async #blobs(page: DecodedPage, slots: number): Promise<Uint8Array> {
    const { element, physical } = this.#leaf;
    const rows: number[] = [];
    for (let slot = 0; slot < slots; slot++) {
      this.#row++;
      if (this.#isPresent(page, slot)) rows.push(this.#row);
    }
    const vectors = await this.#take(rows, undefined);
    const parts: Uint8Array[] = [];
    (page.values as Uint8Array[]).forEach((old, i) => {
      const vector = vectors[i];
      const bytes = vector === undefined
        ? old
        : elementBytes(element as FloatElement, vector);
      if (physical === "BYTES") {
        parts.push(new Uint8Array(Uint32Array.of(bytes.length).buffer));
      }
      parts.push(bytes);
    });
    return joined(parts);
  }
}
