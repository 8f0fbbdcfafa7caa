import { DbksvdError } from "../errors.ts";
import { type ByteSource, LocalFile } from "./bytes.ts";
import { deliver, type RowRange } from "./delivery.ts";
import { openParquet } from "./parquet/open.ts";
import { Preparation } from "./prepare.ts";
import type { BatchOptions, RowBatch, RowFile, RowSource } from "./source.ts";
import { PartStore, type PlacedPart } from "./store.ts";

/** How rows are found and prepared. */
export interface OpenRowsOptions {
  /** The column with vectors; `a,b,c` or `x*` for one scalar column a dimension. Needed where there are several. */
  column?: string;
  /** What the bytes of a blob column are. */
  blobType?: "f32" | "f16" | "bf16";
  /** Only the first rows, of all inputs together. */
  maxRows?: number;
  /** Drop rows with nulls, NaN, infinities or another length, and count them; else they are refused. */
  skipInvalid?: boolean;
  /** Divide every row by its length. */
  unitNorm?: boolean;
  /** Bytes that decoding may take, about. 512 MiB. */
  memoryBudget?: number;
}

const MEMORY_BUDGET = 512 * 2 ** 20;

/**
 * Opens inputs as one source of rows.
 *
 * @param inputs files
 * @param options which vectors to take and how to prepare them
 * @returns the source; close it when done
 * @throws {DbksvdError} `data` where an input cannot be read or holds no vectors
 */
export async function openRows(
  inputs: string | string[],
  options: OpenRowsOptions = {},
): Promise<RowSource> {
  const paths = typeof inputs === "string" ? [inputs] : inputs;
  const pageLimit = Math.floor((options.memoryBudget ?? MEMORY_BUDGET) / 3);
  const parts: PlacedPart[] = [];
  const files: RowFile[] = [];
  const sources: ByteSource[] = [];
  let width = 0;
  let total = 0;
  for (const path of paths) {
    const source = new LocalFile(path);
    sources.push(source);
    const file = await openParquet(source, { ...options, pageLimit });
    if (width !== 0 && file.width !== width) {
      throw new DbksvdError(
        "data",
        `Rows have ${file.width} dimensions, those of ${
          files[0].path
        } ${width}`,
        {
          where: { file: path, column: file.column },
          mend: "give inputs of one width",
        },
      );
    }
    width = file.width;
    let rows = 0;
    for (const { part } of file.groups) {
      const place = { file: path, column: file.column };
      parts.push({ part, firstRow: total, fileRow: rows, place });
      total += part.rows;
      rows += part.rows;
    }
    files.push({ path, rows, bytes: source.size });
  }
  if (total === 0) {
    throw new DbksvdError("data", "There are no rows", {
      where: { file: paths[0] },
      mend: "check the inputs",
    });
  }
  const rowCount = Math.min(total, options.maxRows ?? Infinity);
  const preparation = new Preparation(options, [], rowCount);
  const store = new PartStore(parts, width, rowCount, preparation);
  return {
    width,
    rowCount,
    files,
    dropped: preparation.dropped,
    batches: (
      rowsPerBatch: number | readonly number[],
      batchOptions?: BatchOptions,
    ): AsyncIterable<RowBatch> => deliver(store, rowsPerBatch, batchOptions),
    read: async (range: RowRange) => (await store.read(range)).data,
    close: () => {
      for (const source of sources) source.close();
      return Promise.resolve();
    },
  };
}
