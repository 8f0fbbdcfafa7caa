import { cpuUsage } from "node:process";
import { fileURLToPath } from "node:url";

// Reading by another checkout and by this one, in turns: deno run -A tasks/bench/rows_then.ts CHECKOUT ROUNDS FILE…
// Prints the medians as a table: GB of rows for each second of processor time over all threads, in this thread, with
// two workers and by default, and by the clock what a file gives that is opened and read for the first time.

/** A run reads the file over and over until it has taken this much processor time. */
const SECONDS = 1;
const BATCH_BYTES = 8 * 2 ** 20;
const HERE = fileURLToPath(new URL("../..", import.meta.url));
const WAYS = ["0", "2", "default"] as const;

/** What one process measures, in GB/s. */
interface Rates {
  cpu: number;
  first: number;
}

if (Deno.args[0] === "once") {
  const [, checkout, file, workers] = Deno.args;
  console.log(JSON.stringify(await rates(checkout, file, workers)));
} else await compare();

async function compare(): Promise<void> {
  const [then, rounds, ...files] = Deno.args;
  const head = WAYS.map((way) => `${way}: then | now`).join(" | ");
  console.log(`| file | ${head} | first: then | now |`);
  console.log(`|${" --- |".repeat(3 + 2 * WAYS.length)}`);
  for (const file of files) {
    const cells: string[] = [];
    const first: [number[], number[]] = [[], []];
    for (const way of WAYS) {
      const cpu: [number[], number[]] = [[], []];
      for (let round = 0; round < Number(rounds); round++) {
        for (const [i, checkout] of [then, HERE].entries()) {
          const one = await inProcess(checkout, file, way);
          cpu[i].push(one.cpu);
          if (way === "default") first[i].push(one.first);
        }
      }
      cells.push(...cpu.map(median));
    }
    console.log(`| ${[file, ...cells, ...first.map(median)].join(" | ")} |`);
  }
}

function median(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)].toFixed(2);
}

async function inProcess(
  checkout: string,
  file: string,
  way: string,
): Promise<Rates> {
  const config = `${checkout}/deno.json`;
  const script = fileURLToPath(import.meta.url);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "-c", config, script]
      .concat(["once", checkout, file, way]),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function rates(
  checkout: string,
  file: string,
  workers: string,
): Promise<Rates> {
  const module = await import(`file://${checkout}/src/rows/open.ts`);
  const { openRows } = module as typeof import("../../src/rows/open.ts");
  const options = workers === "default"
    ? {}
    : { decodeWorkers: Number(workers) };
  const opened = performance.now();
  const source = await openRows(file, options);
  const rows = Math.max(1, Math.floor(BATCH_BYTES / 4 / source.width));
  const readOnce = async () => {
    let bytes = 0;
    for await (const batch of source.batches(rows)) {
      bytes += 4 * batch.rows * source.width;
      batch.release?.();
    }
    return bytes;
  };
  const first = await readOnce() / 1e6 / (performance.now() - opened);
  const before = cpuUsage();
  let bytes = 0, microseconds = 0;
  while (microseconds < 1e6 * SECONDS) {
    bytes += await readOnce();
    const { user, system } = cpuUsage(before);
    microseconds = user + system;
  }
  await source.close();
  return { cpu: bytes / 1e3 / microseconds, first };
}
