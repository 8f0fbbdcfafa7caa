import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { asyncBufferFromFile } from "hyparquet/src/node.js";
import { openRows, type OpenRowsOptions } from "../rows/open.ts";

/** How fast one file's rows come, in MB (10⁶ bytes) of float32 rows a second. */
export interface RowsBenchFile {
  file: string;
  /** Threads that decoded: 1 is this one alone, more are that many workers. */
  workers: number;
  megabytesPerSecond: number;
  /** hyparquet's public API on the same file in the same run, one thread. */
  baselineMegabytesPerSecond: number;
  /** `Deno.FsFile` reading the same file into buffers of the same size; MB of file. */
  fileMegabytesPerSecond: number;
  rows: number;
  width: number;
}

/** What is measured. */
export interface RowsBenchOptions
  extends Pick<OpenRowsOptions, "column" | "blobType"> {
  /** Thread counts to measure; 1 and all cores by default. */
  workers?: readonly number[];
  /** Each figure is the best of this many runs; 3 by default. */
  repeats?: number;
}

/** Bytes of a batch, and of a read of the bare file: each into a buffer of its own, as a consumer that keeps them needs. */
const BATCH_BYTES = 8 * 2 ** 20;
/** The baseline reads whole row groups until it has taken this long. */
const BASELINE_SECONDS = 5;

/**
 * Measures how fast rows are delivered from Parquet files, beside hyparquet's public API and the bare file.
 *
 * @param files local Parquet files
 * @param options which column, and how many workers
 */
export async function benchRows(
  files: readonly string[],
  options: RowsBenchOptions = {},
): Promise<{ files: RowsBenchFile[] }> {
  const { repeats = 3 } = options;
  const counts = options.workers ??
    [...new Set([1, navigator.hardwareConcurrency])];
  const results: RowsBenchFile[] = [];
  for (const file of files) {
    const fileRate = await best(repeats, () => readFile(file));
    const { rate: baseline, rows, width } = await readBaseline(file, options);
    for (const workers of counts) {
      const decodeWorkers = workers === 1 ? 0 : workers;
      results.push({
        file,
        workers,
        megabytesPerSecond: await deliveryRate(
          file,
          { ...options, decodeWorkers },
          repeats,
        ),
        baselineMegabytesPerSecond: baseline,
        fileMegabytesPerSecond: fileRate,
        rows,
        width,
      });
    }
  }
  return { files: results };
}

async function best(
  repeats: number,
  measure: () => Promise<number> | number,
): Promise<number> {
  let most = 0;
  for (let i = 0; i < repeats; i++) most = Math.max(most, await measure());
  return most;
}

function readFile(path: string): number {
  using file = Deno.openSync(path);
  const start = performance.now();
  let bytes = 0;
  while (true) {
    const count = file.readSync(new Uint8Array(BATCH_BYTES));
    if (count === null) break;
    bytes += count;
  }
  return bytes / 1e3 / (performance.now() - start);
}

async function deliveryRate(
  file: string,
  options: OpenRowsOptions,
  repeats: number,
): Promise<number> {
  const source = await openRows(file, options);
  try {
    const batchRows = Math.ceil(BATCH_BYTES / 4 / source.width);
    // Workers have started, and code is compiled, before the clock runs.
    for await (const _ of source.batches(batchRows)) break;
    return await best(repeats, async () => {
      const start = performance.now();
      let bytes = 0;
      for await (const batch of source.batches(batchRows)) {
        bytes += batch.data.byteLength;
      }
      return bytes / 1e3 / (performance.now() - start);
    });
  } finally {
    await source.close();
  }
}

async function readBaseline(
  path: string,
  options: RowsBenchOptions,
): Promise<{ rate: number; rows: number; width: number }> {
  const source = await openRows(path, { ...options, decodeWorkers: 0 });
  const { rowCount: rows, width } = source;
  const column = source.column!.split(".")[0];
  await source.close();
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const columns = column.includes("*") || column.includes(",")
    ? undefined
    : [column];
  let read = 0;
  const start = performance.now();
  for (const group of metadata.row_groups) {
    const rowEnd = read + Number(group.num_rows);
    const got = await parquetReadObjects({
      file,
      metadata,
      columns,
      compressors,
      rowStart: read,
      rowEnd,
      utf8: false,
    });
    read += got.length;
    if (performance.now() - start > 1e3 * BASELINE_SECONDS) break;
  }
  const milliseconds = performance.now() - start;
  return { rate: read * width * 4 / 1e3 / milliseconds, rows, width };
}
