import { DbksvdError } from "../errors.ts";
import { writeAll, writeError } from "../files/atomic.ts";
import type { BlockStore, RowBlock, RowRange } from "../rows/block_store.ts";
import { deliver } from "../rows/delivery.ts";
import type { BatchOptions, RowBatch, RowSource } from "../rows/source.ts";

const BLOCK_ROWS = 4096;

/**
 * Rows that the pipeline keeps for itself: raw little-endian float32, row after row, in a file that is written once.
 */
export class StoredRowsWriter {
  #rows = 0;
  readonly #file: Deno.FsFile;

  private constructor(
    readonly path: string,
    readonly width: number,
    file: Deno.FsFile,
  ) {
    this.#file = file;
  }

  /** Begins a file, replacing what an interrupted run left under its name. */
  static async create(path: string, width: number): Promise<StoredRowsWriter> {
    const options = { write: true, create: true, truncate: true };
    const file = await orTyped(path, () => Deno.open(path, options));
    return new StoredRowsWriter(path, width, file);
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Appends rows × width values. */
  async append(data: Float32Array): Promise<void> {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await orTyped(this.path, () => writeAll(this.#file, bytes));
    this.#rows += data.length / this.width;
  }

  /** Takes back all but the first rows. */
  async truncate(rows: number): Promise<void> {
    const end = rows * this.width * 4;
    await orTyped(this.path, async () => {
      await this.#file.truncate(end);
      await this.#file.seek(end, Deno.SeekMode.Start);
    });
    this.#rows = rows;
  }

  /** Flushes to the disk and closes. */
  async close(): Promise<void> {
    await orTyped(this.path, () => this.#file.sync());
    this.#file.close();
  }

  [Symbol.dispose](): void {
    try {
      this.#file.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

// What the file system refuses is reported with the file's name.
async function orTyped<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Rows start ≤ row < end of a stored file. */
export async function readStoredRows(
  path: string,
  width: number,
  { start, end }: RowRange,
): Promise<Float32Array<ArrayBuffer>> {
  const data = new Float32Array((end - start) * width);
  const bytes = new Uint8Array(data.buffer);
  using file = await Deno.open(path);
  await file.seek(start * width * 4, Deno.SeekMode.Start);
  let read = 0;
  while (read < bytes.length) {
    const count = await file.read(bytes.subarray(read));
    if (count === null) {
      throw new DbksvdError("data", "Rows that the pipeline kept are missing", {
        where: { file: path, row: start + Math.floor(read / 4 / width) },
        mend: "restore the pipeline's root from a backup",
      });
    }
    read += count;
  }
  return data;
}

/** A stored file as a source of rows. */
export function storedRows(
  path: string,
  width: number,
  rowCount: number,
): RowSource {
  const store: BlockStore = {
    width,
    rowCount,
    mayDrop: false,
    blocks: () => Promise.resolve(cut(rowCount)),
    async *stream(ranges, signal): AsyncGenerator<RowBlock> {
      for (const range of ranges) {
        signal?.throwIfAborted();
        const data = await readStoredRows(path, width, range);
        yield { start: range.start, rows: range.end - range.start, data };
      }
    },
  };
  return {
    width,
    rowCount,
    files: [{ path, rows: rowCount, bytes: rowCount * width * 4 }],
    dropped: {},
    batches: (
      rowsPerBatch: number | readonly number[],
      options?: BatchOptions,
    ): AsyncIterable<RowBatch> => deliver(store, rowsPerBatch, options),
    read: (range) => readStoredRows(path, width, range),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function cut(rowCount: number): RowRange[] {
  const blocks: RowRange[] = [];
  for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
    blocks.push({ start, end: Math.min(rowCount, start + BLOCK_ROWS) });
  }
  return blocks;
}
