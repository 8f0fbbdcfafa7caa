/// <reference lib="deno.worker" />
import { LocalFile } from "../../src/files/bytes.ts";
import type { DecodeSpec } from "../../src/parquet/read/decode.ts";
import { PageDecoder } from "../../src/parquet/read/decode.ts";
import { openParquet } from "../../src/rows/formats/parquet/open.ts";
import { Decoders } from "../../src/rows/formats/parquet/decoders.ts";

// What decoding without delivery reaches: deno run -A tasks/bench/rows_ceiling.ts FILE THREADS
// Threads that know nothing of each other decode a file's rows over and over, each into one buffer. MB/s, all together.

const JOB_ROWS = 910;
const SECONDS = 2;

/** One thread's part of it: from when on, and of what. */
interface Start {
  path: string;
  at: number;
}

if (self.name === "decoder") {
  self.onmessage = async ({ data }: MessageEvent<Start>) =>
    self.postMessage(await decodeOver(data));
} else {
  const [path, threads] = Deno.args;
  const at = Date.now() + 1000;
  const rates = Array.from({ length: Number(threads) }, () => {
    const worker = new Worker(import.meta.url, {
      type: "module",
      name: "decoder",
    });
    worker.postMessage({ path, at } satisfies Start);
    return new Promise<number>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
    });
  });
  const sum = (await Promise.all(rates)).reduce((a, b) => a + b, 0);
  console.log(JSON.stringify({ path, threads, megabytesPerSecond: sum }));
  Deno.exit();
}

async function decodeOver({ path, at }: Start): Promise<number> {
  const file = new LocalFile(path);
  const specs = await specsOf(file);
  const decoder = new PageDecoder(file, 0);
  const sizes = specs.map((s) => (s.endRow - s.startRow) * s.width);
  const out = new Float32Array(Math.max(...sizes));
  const decode = (i: number) => {
    decoder.decode(specs[i], out.subarray(0, sizes[i]));
    return 4 * sizes[i];
  };
  for (let i = 0; i < specs.length; i++) decode(i);
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
  const start = performance.now();
  let bytes = 0;
  for (let i = 0; performance.now() - start < 1e3 * SECONDS; i++) {
    bytes += decode(i % specs.length);
  }
  return bytes / 1e3 / (performance.now() - start);
}

async function specsOf(file: LocalFile): Promise<DecodeSpec[]> {
  const options = { pageLimit: 2 ** 28, decoders: new Decoders() };
  const { parts } = await openParquet(file, options);
  const specs: DecodeSpec[] = [];
  for (const part of parts) {
    for (let row = 0; row < part.rows;) {
      const job = await part.job(row, row + JOB_ROWS, part.rows);
      specs.push(job.spec);
      row = job.end;
    }
  }
  return specs;
}
