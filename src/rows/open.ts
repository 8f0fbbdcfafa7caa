import { requireKnownOptions } from "../unknown_options.ts";
import { type OpenRowsOptions, readingOf, ROW_OPTIONS } from "./options.ts";
import type { ParquetQueryFilter } from "hyparquet";
import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import {
  keptColumns,
  otherColumns,
  readColumns,
  readItems,
} from "./columns.ts";
import type { RowRange } from "./block_store.ts";
import { deliver } from "./delivery.ts";
import { skipItemsFilter, whereFilter } from "./filters.ts";
import { gather, type Gathered } from "./gather.ts";
import { listArrow } from "./formats/arrow/open.ts";
import { detectFormat } from "./file_format.ts";
import { findFiles, type FoundFile, openFound } from "./inputs.ts";
import { type Fingerprint, fingerprints } from "./fingerprint.ts";
import { NotReadList } from "./not_read.ts";
import { normQuantile } from "./norms.ts";
import type { VectorChoice } from "../parquet/read/choose.ts";
import { listParquet } from "./formats/parquet/open.ts";
import { Decoders } from "./formats/parquet/decoders.ts";
import {
  Preparation,
  type PreparationOptions,
  type RowFilter,
} from "./prepare.ts";
import type { BatchOptions, RowBatch, RowSource } from "./source.ts";
import { PartStore } from "./store.ts";
import { DecodePool } from "./workers/pool.ts";

const MEMORY_BUDGET = 512 * 2 ** 20;

/**
 * Opens inputs as one source of rows.
 *
 * @param inputs files, directories, globs, `http(s)://`, `s3://`, `hf://datasets/…` and `-`, standard input; Parquet,
 * Arrow and Hugging Face's folders, safetensors, .npy, raw .f32
 * @param options which vectors to take and how to prepare them
 * @returns the source; close it when done
 * @throws {DbksvdError} `data` where an input cannot be read or holds no one choice of vectors
 *
 * @example
 * ```ts
 * import { openRows } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = await openRows("samples/glove-10k.parquet", { maxRows: 5000 });
 * let seen = 0;
 * for await (const batch of rows.batches(1024, { shuffleSeed: 0 })) {
 *   assert.equal(batch.data.length, batch.rows * rows.width);
 *   seen += batch.rows;
 * }
 * assert.equal(seen, 5000);
 * await rows.close();
 * ```
 */
export async function openRows(
  inputs: string | string[],
  options: OpenRowsOptions = {},
): Promise<RowSource> {
  requireKnownOptions(options, ROW_OPTIONS, "openRows()");
  checkOptions(options);
  const notRead = new NotReadList();
  const files = await findFiles(listed(inputs), options, notRead);
  return await openRowFiles(files, options, notRead);
}

/** {@linkcode openRows}, of files that are found already. */
export async function openRowFiles(
  files: readonly FoundFile[],
  options: OpenRowsOptions,
  notRead = new NotReadList(),
): Promise<RowSource> {
  const budget = options.memoryBudget ?? MEMORY_BUDGET;
  const sources: ByteSource[] = [];
  try {
    const gathered = await gather(files, options, budget, sources);
    const store = await prepared(gathered, options);
    for (const path of gathered.furtherArrays) notRead.add("array", path);
    return {
      ...toSource(gathered, store, sources),
      reading: readingOf(options),
      notRead: notRead.list(),
    };
  } catch (error) {
    for (const source of sources) source.close();
    throw error;
  }
}

/** The columns of the first input that hold vectors. */
export interface VectorColumn {
  /** As the `column` option takes it. */
  name: string;
  /** How vectors lie in it. */
  layout: "list" | "nested" | "blob" | "scalar";
  /** Dimensions; undefined where rows differ, or bytes do not tell. */
  width?: number | undefined;
}

/**
 * Lists the columns that vectors can be taken from.
 *
 * @param inputs as `openRows` takes them; the first file is looked at
 * @param options what blobs hold, where it is known
 * @throws {DbksvdError} `data` where the input is neither Parquet nor Arrow
 *
 * @example
 * ```ts
 * import { listColumns } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const [column] = await listColumns("samples/glove-10k.parquet");
 * assert.equal(column.layout, "list");
 * ```
 */
export async function listColumns(
  inputs: string | string[],
  options: OpenRowsOptions = {},
): Promise<VectorColumn[]> {
  requireKnownOptions(options, ROW_OPTIONS, "listColumns()");
  const [file] = await findFiles(listed(inputs), options);
  const budget = options.memoryBudget ?? MEMORY_BUDGET;
  const source = await openFound(file, options, budget);
  try {
    const pageLimit = Math.floor(budget / 3);
    const { blobType, width } = options;
    if (await detectFormat(source, width) === "arrow") {
      return (await listArrow(source, { blobType, pageLimit }))
        .map(({ name, width, layout }) => ({ name, width, layout }));
    }
    const choices = await listParquet(source, {
      blobType,
      pageLimit,
      decoders: new Decoders(),
    });
    return choices.map(({ name, width, leaves }: VectorChoice) => ({
      name,
      width,
      layout: leaves[0].layout,
    }));
  } finally {
    source.close();
  }
}

function checkOptions(
  { maxRows, skipItems, maxNormQuantile, width, decodeWorkers }:
    OpenRowsOptions,
) {
  const whole = (value: number | undefined, least: number) =>
    value === undefined || (Number.isSafeInteger(value) && value >= least);
  const wrong = !whole(maxRows, 1)
    ? `maxRows ${maxRows}`
    : !whole(skipItems, 0)
    ? `skipItems ${skipItems}`
    : !whole(width, 1)
    ? `width ${width}`
    : !whole(decodeWorkers, 0)
    ? `decodeWorkers ${decodeWorkers}`
    : !((maxNormQuantile ?? 1) > 0 && (maxNormQuantile ?? 1) <= 1)
    ? `maxNormQuantile ${maxNormQuantile}`
    : undefined;
  if (wrong !== undefined) {
    throw new DbksvdError("usage", `Bad ${wrong}`, {
      mend: "give whole numbers from 1, quantiles in (0, 1]",
    });
  }
}

function listed(inputs: string | string[]): string[] {
  return typeof inputs === "string" ? [inputs] : inputs;
}

async function prepared(
  { placed, width, rows }: Gathered,
  options: OpenRowsOptions,
): Promise<PartStore> {
  const rowCount = Math.min(rows, options.maxRows ?? Infinity);
  const filters: RowFilter[] = [];
  if (options.where !== undefined) {
    filters.push(whereFilter(options.where as ParquetQueryFilter));
  }
  if (options.skipItems) filters.push(skipItemsFilter(options.skipItems));
  const budget = options.memoryBudget ?? MEMORY_BUDGET;
  const cores = navigator.hardwareConcurrency;
  const workers = options.decodeWorkers ?? (cores > 1 ? cores : 0);
  const pool = workers > 0 ? new DecodePool(workers) : undefined;
  const { skipInvalid, unitNorm, maxNormQuantile } = options;
  const store = (preparation: PreparationOptions) =>
    new PartStore(
      placed,
      width,
      rowCount,
      new Preparation(preparation, filters, rowCount),
      pool,
      budget / 2,
      options.decodeWorkers !== undefined,
    );
  const maxNorm = maxNormQuantile === undefined
    ? undefined
    : await normQuantile(store({ skipInvalid }), maxNormQuantile);
  return store({ skipInvalid, unitNorm, maxNorm });
}

function checkRange({ start, end }: RowRange, rowCount: number) {
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  if (!whole || start < 0 || end < start || end > rowCount) {
    throw new RangeError(
      `Rows ${start} to ${end} are not in 0 to ${rowCount}`,
    );
  }
}

function toSource(
  { files, sources: inOrder, width, column, element, nested, tableRows }:
    Gathered,
  store: PartStore,
  sources: readonly ByteSource[],
): RowSource {
  let prints: Promise<Fingerprint[]> | undefined;
  const close = () => {
    store.pool?.close();
    for (const source of sources) source.close();
    return Promise.resolve();
  };
  return {
    width,
    rowCount: store.rowCount,
    files,
    column,
    element,
    dropped: store.preparation.dropped,
    batches: (
      rowsPerBatch: number | readonly number[],
      options?: BatchOptions,
    ): AsyncIterable<RowBatch> => deliver(store, rowsPerBatch, options),
    read: async (range) => {
      checkRange(range, store.rowCount);
      return (await store.read(range)).data;
    },
    readColumns: tableRows.size === 0 ? undefined : (names, range, exact) => {
      checkRange(range, store.rowCount);
      return readColumns(store, names, range, exact);
    },
    otherColumns: tableRows.size === 0
      ? undefined
      : async (names) =>
        await (names === undefined
          ? otherColumns(store)
          : keptColumns(store, names)),
    readItems: nested
      ? async (range) => {
        checkRange(range, store.rowCount);
        return await readItems(store, tableRows, range);
      }
      : undefined,
    fingerprints: () => prints ??= fingerprints(inOrder),
    close,
    [Symbol.asyncDispose]: close,
  };
}
