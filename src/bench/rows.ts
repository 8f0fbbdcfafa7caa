import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { asyncBufferFromFile } from "hyparquet/src/node.js";
import { cpuUsage } from "node:process";
import { openRows } from "../rows/open.ts";
import { type OpenRowsOptions, ROW_OPTIONS } from "../rows/options.ts";

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
  /** `Deno.FsFile` reading the same file as streams do, the ordinary way: through its `readable`; MB of file. */
  fileStreamMegabytesPerSecond: number;
  /** `Deno.FsFile` the fastest way there is: `readSync` into one buffer of a batch's size, over and over. */
  fileFastestMegabytesPerSecond: number;
  /** `readSync` into a new buffer every time, as a consumer that keeps its batches needs them. */
  fileKeptMegabytesPerSecond: number;
  /** `megabytesPerSecond` over hyparquet's, over the stream's and over the fastest reading's. */
  overBaseline: number;
  overFileStream: number;
  overFileFastest: number;
  /** `keptMegabytesPerSecond` over that of reading into new buffers. */
  keptOverFileKept: number;
  /** By the processor time of all threads, what a busy machine leaves true: as the figures without it. */
  megabytesPerCpuSecond: number;
  baselineMegabytesPerCpuSecond: number;
  fileFastestMegabytesPerCpuSecond: number;
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
  /** A run reads the source, or the file, over and over until it has taken this long; 0.5 by default. */
  runSeconds?: number;
}

/** Bytes of a batch, and of a read of the bare file. */
const BATCH_BYTES = 8 * 2 ** 20;
/** A source delivers a small file several times over, about this much of it. */
const SOURCE_BYTES = 10 ** 9;
const MOST_COPIES = 16;
/** The baseline reads whole row groups until it has taken this long. */
const BASELINE_SECONDS = 5;

/**
 * Measures how fast rows are delivered from Parquet files, beside hyparquet's public API and beside `Deno.FsFile`
 * reading the same file: as a stream, the ordinary way, and into one buffer, the fastest.
 *
 * @param files local Parquet files
 * @param options which column, and how many workers
 */
export async function benchRows(
  files: readonly string[],
  options: RowsBenchOptions = {},
): Promise<{ files: RowsBenchFile[] }> {
  const { repeats = 3, runSeconds = 0.5 } = options;
  const best = (read: Reader) => bestRate(read, repeats, runSeconds);
  const counts = options.workers ??
    [...new Set([0, 1, navigator.hardwareConcurrency])];
  const results: RowsBenchFile[] = [];
  for (const file of files) {
    const { rows, width, ...baseline } = await readBaseline(file, options);
    const times = Math.ceil(SOURCE_BYTES / 4 / rows / width);
    const copies = Array(Math.min(MOST_COPIES, times)).fill(file);
    const bare = await bareRates(file, best);
    for (const workers of counts) {
      const measured = { ...readingOf(options), decodeWorkers: workers };
      const ours = await deliveryRate(copies, measured, best, false);
      const kept = await deliveryRate(copies, measured, best, true);
      results.push({
        file,
        workers,
        megabytesPerSecond: ours.second,
        keptMegabytesPerSecond: kept.second,
        baselineMegabytesPerSecond: baseline.second,
        fileStreamMegabytesPerSecond: bare.stream.second,
        fileFastestMegabytesPerSecond: bare.fastest.second,
        fileKeptMegabytesPerSecond: bare.kept.second,
        overBaseline: ours.second / baseline.second,
        overFileStream: ours.second / bare.stream.second,
        overFileFastest: ours.second / bare.fastest.second,
        keptOverFileKept: kept.second / bare.kept.second,
        megabytesPerCpuSecond: ours.cpuSecond,
        baselineMegabytesPerCpuSecond: baseline.cpuSecond,
        fileFastestMegabytesPerCpuSecond: bare.fastest.cpuSecond,
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

/** Reads all there is once, and tells how many bytes that were. */
type Reader = () => number | Promise<number>;
/** The best rate of several runs. */
type Best = (read: Reader) => Promise<Rate>;

async function bestRate(
  read: Reader,
  repeats: number,
  seconds: number,
): Promise<Rate> {
  const most = { second: 0, cpuSecond: 0 };
  for (let i = 0; i < repeats; i++) {
    const rate = await rateOf(read, seconds);
    most.second = Math.max(most.second, rate.second);
    most.cpuSecond = Math.max(most.cpuSecond, rate.cpuSecond);
  }
  return most;
}

async function rateOf(read: Reader, seconds: number): Promise<Rate> {
  const end = performance.now() + 1e3 * seconds;
  const rate = startClock();
  let bytes = 0;
  do {
    bytes += await read();
  } while (performance.now() < end);
  return rate(bytes);
}

// Of `Deno.FsFile`, in three ways.
async function bareRates(
  path: string,
  best: Best,
): Promise<Record<"stream" | "fastest" | "kept", Rate>> {
  const buffer = new Uint8Array(BATCH_BYTES);
  return {
    stream: await best(() => streamFile(path)),
    fastest: await best(() => readFile(path, () => buffer)),
    kept: await best(() => readFile(path, () => new Uint8Array(BATCH_BYTES))),
  };
}

async function streamFile(path: string): Promise<number> {
  const file = await Deno.open(path);
  let bytes = 0;
  for await (const chunk of file.readable) bytes += chunk.length;
  return bytes;
}

function readFile(path: string, into: () => Uint8Array<ArrayBuffer>): number {
  using file = Deno.openSync(path);
  let bytes = 0;
  for (;;) {
    const count = file.readSync(into());
    if (count === null) return bytes;
    bytes += count;
  }
}

async function deliveryRate(
  files: string[],
  options: OpenRowsOptions,
  best: Best,
  keep: boolean,
): Promise<Rate> {
  const source = await openRows(files, options);
  try {
    const batchRows = Math.ceil(BATCH_BYTES / 4 / source.width);
    const deliver = async () => {
      let bytes = 0;
      for await (const batch of source.batches(batchRows)) {
        bytes += batch.data.byteLength;
        if (!keep) batch.release?.();
      }
      return bytes;
    };
    // Workers have started, and code is compiled, before it counts.
    await deliver();
    return await best(deliver);
  } finally {
    await source.close();
  }
}

async function readBaseline(
  path: string,
  options: RowsBenchOptions,
): Promise<Rate & { rows: number; width: number }> {
  const source = await openRows(path, {
    ...readingOf(options),
    decodeWorkers: 0,
  });
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
      ...(columns && { columns }),
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

// What is measured, without how.
function readingOf(options: RowsBenchOptions): OpenRowsOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => ROW_OPTIONS.includes(name)),
  );
}
