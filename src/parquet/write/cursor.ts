import type { FileMetaData } from "hyparquet";
import { heldBytes, type LocalFile } from "../../files/bytes.ts";
import type { Leaf } from "../read/columns.ts";
import { chunkOf, type Page, walkPages } from "../read/pages.ts";
import { readDictionaryBytes, readPayload } from "../read/payload.ts";
import {
  type DecodedPage,
  decodeThroughHyparquet,
  dictionaryThroughHyparquet,
} from "../read/through_hyparquet.ts";

/** Bytes that a page may take. */
const PAGE_LIMIT = 2 ** 26;

/**
 * Reads a column from front to back: numbers, or a list of numbers a row. Every size is checked before it is relied
 * on.
 */
export class ColumnCursor {
  readonly #rows: AsyncGenerator<unknown[]>;
  #ready: unknown[] = [];
  #at = 0;

  /**
   * @param file where the column is
   * @param metadata the file's footer
   * @param leaf which column
   */
  constructor(file: LocalFile, metadata: FileMetaData, leaf: Leaf) {
    this.#rows = rowsOf(file, metadata, leaf);
  }

  /** The next `count` rows' values: numbers, or arrays of numbers (and nulls). */
  async take(count: number): Promise<unknown[]> {
    const rows: unknown[] = [];
    while (rows.length < count) {
      if (this.#at === this.#ready.length) {
        const next = await this.#rows.next();
        if (next.done) throw new Error("Pages end before the rows do");
        this.#ready = next.value;
        this.#at = 0;
      }
      const stop = Math.min(
        this.#ready.length,
        this.#at + count - rows.length,
      );
      while (this.#at < stop) rows.push(this.#ready[this.#at++]);
    }
    return rows;
  }
}

async function* rowsOf(
  file: LocalFile,
  metadata: FileMetaData,
  leaf: Leaf,
): AsyncGenerator<unknown[]> {
  for (const group of metadata.row_groups) {
    const column = group.columns.find(({ meta_data }) =>
      meta_data?.path_in_schema.join("\0") === leaf.path.join("\0")
    );
    if (column === undefined) throw new Error("Column is missing");
    const builder = new RowBuilder(leaf);
    const rows = Number(group.num_rows);
    let built = 0;
    for await (
      const decoded of pagesOf(file, chunkOf(column, file.size), leaf)
    ) {
      const finished = builder.add(decoded);
      built += finished.length;
      yield finished;
    }
    const last = builder.finish();
    if (built + last.length !== rows) {
      throw new Error(`Column holds ${built + last.length} of ${rows} rows`);
    }
    yield last;
  }
}

async function* pagesOf(
  file: LocalFile,
  chunk: ReturnType<typeof chunkOf>,
  leaf: Leaf,
): AsyncGenerator<DecodedPage & { page: Page }> {
  let dictionary: ReturnType<typeof dictionaryThroughHyparquet> | undefined;
  for await (const page of walkPages(file, chunk, PAGE_LIMIT)) {
    const stored = await file.read(page.offset, page.compressed);
    const bytes = heldBytes(page.offset, stored);
    if (page.version === 0) {
      const plain = readDictionaryBytes(bytes, page, chunk.codec);
      dictionary = dictionaryThroughHyparquet(page, plain, leaf);
    } else {
      const payload = readPayload(bytes, page, leaf, chunk.codec);
      const decoded = decodeThroughHyparquet(page, payload, leaf, dictionary);
      yield { page, ...decoded };
    }
  }
}

// A list is known to end only where the next one begins.
class RowBuilder {
  #list: unknown[] | undefined;

  constructor(readonly leaf: Leaf) {}

  add({ page, repetition, definition, values }: DecodedPage & { page: Page }) {
    const { maxDefinition, outerDefinition, layout } = this.leaf;
    const finished: unknown[] = [];
    let at = 0;
    for (let slot = 0; slot < page.slots; slot++) {
      const level = definition[slot] ?? maxDefinition;
      const value = level === maxDefinition ? values[at++] : null;
      if (layout === "scalar") {
        finished.push(value);
        continue;
      }
      if ((repetition[slot] ?? 0) === 0) {
        if (this.#list !== undefined) finished.push(this.#list);
        this.#list = [];
      }
      if (this.#list === undefined) throw new Error("A list has no beginning");
      if (level >= outerDefinition) this.#list.push(value);
    }
    return finished;
  }

  finish(): unknown[] {
    return this.#list === undefined ? [] : [this.#list];
  }
}
