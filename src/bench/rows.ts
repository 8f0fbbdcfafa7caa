import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { asyncBufferFromFile } from "hyparquet/src/node.js";
import { cpuUsage } from "node:process";
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
  /** The same three by the processor time of all threads: what a busy machine leaves true. */
  megabytesPerCpuSecond: number;
  baselineMegabytesPerCpuSecond: number;
  fileMegabytesPerCpuSecond: number;
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
    const { rows, width, ...baseline } = await readBaseline(file, options);
    const bare = await best(repeats, () => readFile(file));
    for (const workers of counts) {
      const decodeWorkers = workers === 1 ? 0 : workers;
      const ours = await deliveryRate(
        file,
        { ...options, decodeWorkers },
        repeats,
      );
      results.push({
        file,
        workers,
        megabytesPerSecond: ours.second,
        baselineMegabytesPerSecond: baseline.second,
        fileMegabytesPerSecond: bare.second,
        megabytesPerCpuSecond: ours.cpuSecond,
        baselineMegabytesPerCpuSecond: baseline.cpuSecond,
        fileMegabytesPerCpuSecond: bare.cpuSecond,
        rows,
        width,
      });
    }
  }
  return { files: results };
}

/** MB by wall-clock and by processor time. */
interface Rate {
  second: number;
  cpuSecond: number;
}

function startClock(): (bytes: number) => Rate {
  const start = performance.now();
  const cpu = cpuUsage();
  return (bytes) => {
    const { user, system } = cpuUsage(cpu);
    return {
      second: bytes / 1e3 / (performance.now() - start),
      cpuSecond: bytes / (user + system),
    };
  };
}

async function best(
  repeats: number,
  measure: () => Promise<Rate> | Rate,
): Promise<Rate> {
  const most = { second: 0, cpuSecond: 0 };
  for (let i = 0; i < repeats; i++) {
    const rate = await measure();
    most.second = Math.max(most.second, rate.second);
    most.cpuSecond = Math.max(most.cpuSecond, rate.cpuSecond);
  }
  return most;
}

function readFile(path: string): Rate {
  using file = Deno.openSync(path);
  const rate = startClock();
  let bytes = 0;
  while (true) {
    const count = file.readSync(new Uint8Array(BATCH_BYTES));
    if (count === null) break;
    bytes += count;
  }
  return rate(bytes);
}

async function deliveryRate(
  file: string,
  options: OpenRowsOptions,
  repeats: number,
): Promise<Rate> {
  const source = await openRows(file, options);
  try {
    const batchRows = Math.ceil(BATCH_BYTES / 4 / source.width);
    // Workers have started, and code is compiled, before the clock runs.
    for await (const _ of source.batches(batchRows)) break;
    return await best(repeats, async () => {
      const rate = startClock();
      let bytes = 0;
      for await (const batch of source.batches(batchRows)) {
        bytes += batch.data.byteLength;
      }
      return rate(bytes);
    });
  } finally {
    await source.close();
  }
}

async function readBaseline(
  path: string,
  options: RowsBenchOptions,
): Promise<Rate & { rows: number; width: number }> {
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
  const rate = startClock();
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
  return { ...rate(read * width * 4), rows, width };
}
