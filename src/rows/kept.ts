import { DbksvdError } from "../errors.ts";
import type { BlockStore, RowBlock, RowRange } from "./block_store.ts";
import { deliver } from "./delivery.ts";
import type { RowSource } from "./source.ts";

/** Rows that are read to be kept take this much memory at most. */
const MOST_BYTES = 2 ** 33;

/** Rows asked of the source at a time. */
const ROWS_AT_ONCE = 8192;

/** Rows are shuffled in blocks of this much, as those of files are. */
const BLOCK_BYTES = 32 * 2 ** 20;

/**
 * Reads all rows of a source into memory, once: they are the same rows in the same places, so that trainings on them
 * are those on the source itself. Its other columns are read through the source, which has to stay open.
 *
 * @param source the rows
 * @param signal stops the reading
 * @returns the rows as a source, and how many they are without those that filters dropped
 * @throws {DbksvdError} `usage` for more rows than memory takes
 */
export async function keepRows(
  source: RowSource,
  signal?: AbortSignal,
): Promise<{ source: RowSource; rows: number }> {
  const { width, rowCount } = source;
  if (rowCount * width * 4 > MOST_BYTES) {
    throw new DbksvdError(
      "usage",
      `${rowCount} rows of ${width} do not fit in memory to be swept over`,
      { mend: `take ${Math.floor(MOST_BYTES / width / 4)} with --max-rows` },
    );
  }
  const data = new Float32Array(rowCount * width);
  const numbers = new Float64Array(rowCount);
  let rows = 0;
  for await (const batch of source.batches(ROWS_AT_ONCE, { signal })) {
    data.set(batch.data.subarray(0, batch.rows * width), rows * width);
    for (let i = 0; i < batch.rows; i++) {
      numbers[rows + i] = batch.rowNumbers?.[i] ?? batch.firstRow + i;
    }
    rows += batch.rows;
    batch.release?.();
  }
  const store = new KeptRows(
    data.subarray(0, rows * width),
    numbers.subarray(0, rows),
    rowCount,
    width,
  );
  return { source: asSource(source, store), rows };
}

function asSource(source: RowSource, store: KeptRows): RowSource {
  const { width, rowCount, files, column, element, notRead } = source;
  return {
    width,
    rowCount,
    files,
    column,
    element,
    notRead,
    dropped: { ...source.dropped },
    batches: (rowsPerBatch, options) => deliver(store, rowsPerBatch, options),
    read: (range) =>
      store.mayDrop
        ? source.read(range)
        : Promise.resolve(new Float32Array(store.block(range).data)),
    readColumns: source.readColumns?.bind(source),
    otherColumns: source.otherColumns?.bind(source),
    readItems: source.readItems?.bind(source),
    fingerprints: source.fingerprints?.bind(source),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

class KeptRows implements BlockStore {
  constructor(
    readonly data: Float32Array<ArrayBuffer>,
    /** The place of each in the source. */
    readonly numbers: Float64Array,
    readonly rowCount: number,
    readonly width: number,
  ) {}

  get mayDrop(): boolean {
    return this.numbers.length < this.rowCount;
  }

  blocks(): Promise<RowRange[]> {
    const size = Math.max(1, Math.floor(BLOCK_BYTES / 4 / this.width));
    return Promise.resolve(Array.from(
      { length: Math.ceil(this.rowCount / size) },
      (_, i) => ({
        start: i * size,
        end: Math.min(this.rowCount, (i + 1) * size),
      }),
    ));
  }

  async *stream(
    ranges: Iterable<RowRange>,
    signal?: AbortSignal,
    borrow?: boolean,
  ): AsyncGenerator<RowBlock> {
    for (const range of ranges) {
      signal?.throwIfAborted();
      await Promise.resolve();
      const block = this.block(range);
      yield borrow ? block : { ...block, data: new Float32Array(block.data) };
    }
  }

  /** The rows of a range that are there. */
  block({ start, end }: RowRange): RowBlock {
    const from = this.#placeOf(start), to = this.#placeOf(end);
    return {
      start,
      rows: to - from,
      data: this.data.subarray(from * this.width, to * this.width),
      ...this.mayDrop && { rowNumbers: this.numbers.subarray(from, to) },
    };
  }

  // The first kept row that is not before a row of the source.
  #placeOf(row: number): number {
    if (!this.mayDrop) return row;
    let low = 0, high = this.numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.numbers[middle] < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
