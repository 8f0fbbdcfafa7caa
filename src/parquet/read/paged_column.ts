import type { ByteSource } from "../../files/bytes.ts";
import type { Leaf } from "./columns.ts";
import type { DecodeColumn } from "./decode.ts";
import { type Chunk, type Page, walkPages } from "./pages.ts";

/** A column of a row group: one with vectors, or one for each dimension. */
export interface GroupColumn {
  leaf: Leaf;
  chunk: Chunk;
}

/** A column chunk's pages, their headers read as far as they have been needed. */
export class PagedColumn {
  readonly slotsPerRow: number;
  readonly #walk: AsyncGenerator<Page>;
  readonly #pages: Page[] = [];
  #dictionary: Page | undefined;
  #walked = 0; // slots of the pages known
  #walking: Promise<unknown> = Promise.resolve();

  constructor(
    source: ByteSource,
    readonly column: GroupColumn,
    width: number,
    pageLimit: number,
  ) {
    this.#walk = walkPages(source, column.chunk, pageLimit);
    this.slotsPerRow = column.leaf.maxRepetition > 0 ? width : 1;
  }

  /** The pages that rows start ≤ row < end lie in. */
  async pagesOf(start: number, end: number): Promise<DecodeColumn> {
    const from = start * this.slotsPerRow;
    const to = end * this.slotsPerRow;
    await this.#walkTo(to);
    const pages = [];
    for (let i = this.#pageAt(from); i < this.#pages.length; i++) {
      if (this.#pages[i].firstSlot >= to) break;
      pages.push(this.#pages[i]);
    }
    const { leaf, chunk: { codec } } = this.column;
    return { leaf, codec, dictionary: this.#dictionary, pages };
  }

  /** The first row, from `row` on, that begins with a page or after one. */
  async pageEnd(row: number): Promise<number> {
    const slot = row * this.slotsPerRow;
    await this.#walkTo(slot);
    const page = this.#pages[this.#pageAt(slot - 1)];
    return Math.max(
      row,
      Math.floor((page.firstSlot + page.slots) / this.slotsPerRow),
    );
  }

  // Index of the page that holds a slot.
  #pageAt(slot: number): number {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#pages[middle].firstSlot <= slot) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #walkTo(slot: number) {
    const turn = this.#walking.then(async () => {
      while (this.#walked < slot) {
        const next = await this.#walk.next();
        if (next.done) throw new Error("Pages end before the rows do");
        const page = next.value;
        if (page.version === 0) this.#dictionary = page;
        else {
          this.#pages.push(page);
          this.#walked += page.slots;
        }
      }
    });
    // A failed walk stays failed: its generator would only seem to have ended.
    this.#walking = turn;
    turn.catch(() => undefined);
    await turn;
  }
}
