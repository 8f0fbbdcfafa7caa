import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { asyncBufferFromFile } from "hyparquet/src/node.js";
import { cpuUsage } from "node:process";
import { openRows, type OpenRowsOptions } from "../rows/open.ts";

/** How fast one file's rows come, in MB (10⁶ bytes) of float32 rows a second. */
export interface RowsBenchFile {
  file: string;
  /** Workers that decoded; 0: this thread did. */
  workers: number;
  /** The consumer gives every batch's buffer back when it is done with it. */
  megabytesPerSecond: number;
  /** The consumer keeps every batch's buffer, or sends it elsewhere. */
  keptMegabytesPerSecond: number;
  /** hyparquet's public API on the same file in the same run, one thread. */
  baselineMegabytesPerSecond: number;
  /** `Deno.FsFile` reading the same file into one buffer of a batch's size; MB of file. */
  fileMegabytesPerSecond: number;
  /** The same, into a new buffer every time. */
  fileKeptMegabytesPerSecond: number;
  /** By the processor time of all threads, what a busy machine leaves true: as the figures without it. */
  megabytesPerCpuSecond: number;
  baselineMegabytesPerCpuSecond: number;
  fileMegabytesPerCpuSecond: number;
  rows: number;
  width: number;
}

/** What is measured. */
export interface RowsBenchOptions
  extends Pick<OpenRowsOptions, "column" | "blobType"> {
  /** Numbers of workers to measure; none, one and as many as cores by default. */
  workers?: readonly number[];
  /** Each figure is the best of this many runs; 3 by default. */
  repeats?: number;
}

/** Bytes of a batch, and of a read of the bare file. */
const BATCH_BYTES = 8 * 2 ** 20;
/** A run reads a small file several times over, until it has about this much of it. */
const RUN_BYTES = 10 ** 9;
const MOST_COPIES = 16;
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
    [...new Set([0, 1, navigator.hardwareConcurrency])];
  const results: RowsBenchFile[] = [];
  for (const file of files) {
    const { rows, width, ...baseline } = await readBaseline(file, options);
    const times = Math.ceil(RUN_BYTES / 4 / rows / width);
    const copies = Array(Math.min(MOST_COPIES, times)).fill(file);
    const bare = await best(repeats, () => readFiles(copies, false));
    const bareKept = await best(repeats, () => readFiles(copies, true));
    for (const workers of counts) {
      const measured = { ...options, decodeWorkers: workers };
      const ours = await deliveryRate(copies, measured, repeats, false);
      const kept = await deliveryRate(copies, measured, repeats, true);
      results.push({
        file,
        workers,
        megabytesPerSecond: ours.second,
        keptMegabytesPerSecond: kept.second,
        baselineMegabytesPerSecond: baseline.second,
        fileMegabytesPerSecond: bare.second,
        fileKeptMegabytesPerSecond: bareKept.second,
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

function readFiles(paths: readonly string[], keep: boolean): Rate {
  let into = new Uint8Array(BATCH_BYTES);
  const rate = startClock();
  let bytes = 0;
  for (const path of paths) {
    using file = Deno.openSync(path);
    while (true) {
      if (keep) into = new Uint8Array(BATCH_BYTES);
      const count = file.readSync(into);
      if (count === null) break;
      bytes += count;
    }
  }
  return rate(bytes);
}

async function deliveryRate(
  files: string[],
  options: OpenRowsOptions,
  repeats: number,
  keep: boolean,
): Promise<Rate> {
  const source = await openRows(files, options);
  try {
    const batchRows = Math.ceil(BATCH_BYTES / 4 / source.width);
    // Workers have started, and code is compiled, before the clock runs.
    for await (const _ of source.batches(batchRows)) break;
    return await best(repeats, async () => {
      const rate = startClock();
      let bytes = 0;
      for await (const batch of source.batches(batchRows)) {
        bytes += batch.data.byteLength;
        if (!keep) batch.release?.();
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
