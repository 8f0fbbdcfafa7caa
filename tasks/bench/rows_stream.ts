import { openRows } from "../../src/rows/open.ts";

// Streams a file once and tells rate and peak memory: deno run -A tasks/bench/rows_stream.ts FILE WORKERS [shuffle],
// WORKERS 0 for this thread
const [file, workers, shuffle] = Deno.args;
const source = await openRows(file, { decodeWorkers: Number(workers) });
const start = performance.now();
let bytes = 0;
let rows = 0;
const options = shuffle === undefined ? {} : { shuffleSeed: 0 };
for await (const batch of source.batches(1024, options)) {
  bytes += batch.data.byteLength;
  rows += batch.rows;
  batch.release?.();
}
const seconds = (performance.now() - start) / 1e3;
const status = Deno.readTextFileSync("/proc/self/status");
const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
console.log(JSON.stringify({
  file,
  workers: Number(workers),
  rows,
  gigabytes: bytes / 1e9,
  seconds,
  megabytesPerSecond: bytes / 1e6 / seconds,
  peakMegabytes: peak / 1e6,
}));
await source.close();
