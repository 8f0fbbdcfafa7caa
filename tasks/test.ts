/**
 * Runs the default tests and the examples of the documentation in several processes, as many at a time as there are
 * cores, up to four (or `DENO_JOBS`), and ends with one sum:
 *
 *   deno task test                    all of them
 *   deno task test tests/cli          what `deno test` is given so, in one process
 *
 * The tests of a folder share a process and come one after another: some set variables of the environment, which are
 * a process's own. What a process writes comes in one piece.
 */
import { stripVTControlCharacters } from "node:util";

const TEST = ["test", "-c", "tests/deno.json", "--no-check", "-P=test"];

/** What has a task of its own. */
const SLOW = "tests/slow";

/** Folders that take longest, which come first, so that no process is left alone with one at the end. */
const LONGEST = [
  "tests/reliability",
  "tests/cli",
  "tests/engine",
  "tests/gpu",
  "tests/use",
];

/** Where examples stand. */
const DOCUMENTED = [
  ...["mod.ts", "engine.ts", "pipeline.ts", "report.ts", "README.md"],
  ...["docs", "src"],
];

const EXAMPLE = /^\s*(?:\* )?```ts$/m;

const MOST_JOBS = 4;

/** What Deno's closing line counts. */
const COUNTED = ["passed", "failed", "ignored"] as const;

/** What one process tests. */
export interface Batch {
  name: string;
  args: string[];
}

/** How a process of tests ended. */
export interface Ended {
  name: string;
  /** All that it wrote. */
  text: string;
  success: boolean;
}

/** A process for each folder of tests but the slow tier, those that take longest first, and one for the examples. */
export function batchesOf(
  folders: readonly string[],
  examples: readonly string[],
): Batch[] {
  const rank = (name: string) =>
    LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length;
  const tests = folders.filter((name) => name !== SLOW)
    .map((name) => ({ name, args: [name] }))
    .sort((a, b) => rank(a.name) - rank(b.name));
  const documented = { name: "examples", args: ["--doc", ...examples] };
  return tests.toSpliced(LONGEST.length, 0, documented);
}

/**
 * The closing line of several processes of tests, after the tests that failed; and whether all went well. A process
 * without a closing line of its own counts as one failed test, whatever its exit status.
 */
export function sumOf(
  ended: readonly Ended[],
  seconds: number,
): { text: string; success: boolean } {
  const sums = { passed: 0, failed: 0, ignored: 0 };
  const failures: string[] = [];
  let success = true;
  for (const one of ended) {
    const text = stripVTControlCharacters(one.text);
    const closing = /^(?:ok|FAILED) \| \d+ passed.*$/gm;
    const line = [...text.matchAll(closing)].at(-1)?.[0];
    for (const name of COUNTED) {
      sums[name] += Number(
        new RegExp(`(\\d+) ${name}`).exec(line ?? "")?.[1] ?? 0,
      );
    }
    const list = /^ FAILURES \n\n([^]*?)\n\n/m.exec(text)?.[1];
    if (list !== undefined) failures.push(list);
    if (line === undefined || (!one.success && list === undefined)) {
      failures.push(`${one.name}: ended before its sum`);
      sums.failed++;
    }
    success &&= one.success && line !== undefined;
  }
  const minutes = Math.floor(seconds / 60);
  const counts = COUNTED.filter((name) => name !== "ignored" || sums[name] > 0)
    .map((name) => `${sums[name]} ${name}`);
  const closing = `${success ? "ok" : "FAILED"} | ${counts.join(" | ")} ` +
    `(${minutes}m${Math.round(seconds) - 60 * minutes}s)`;
  return { text: [...failures, closing].join("\n"), success };
}

// The folders of tests that hold any, in order.
async function testFolders(): Promise<string[]> {
  const folders = new Set<string>();
  for await (const path of filesUnder("tests")) {
    if (!path.endsWith("_test.ts")) continue;
    folders.add(path.split("/").slice(0, 2).join("/"));
  }
  return [...folders].sort();
}

// The files that hold an example.
async function exampleFiles(): Promise<string[]> {
  const files: string[] = [];
  for (const place of DOCUMENTED) {
    for await (const path of filesUnder(place)) {
      if (!/\.(ts|md)$/.test(path)) continue;
      if (EXAMPLE.test(await Deno.readTextFile(path))) files.push(path);
    }
  }
  return files.sort();
}

async function* filesUnder(place: string): AsyncGenerator<string> {
  if ((await Deno.stat(place)).isFile) return yield place;
  for await (const { name } of Deno.readDir(place)) {
    yield* filesUnder(`${place}/${name}`);
  }
}

async function runBatch(
  { name, args }: Batch,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...TEST, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(signal && { signal }),
  }).spawn();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const keep = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream) pieces.push(piece);
  };
  const [{ success }] = await Promise.all([
    child.status,
    keep(child.stdout),
    keep(child.stderr),
  ]);
  return { name, text: await new Blob(pieces).text(), success };
}

/**
 * Runs `deno test` for each batch, so many at a time; prints what each wrote once it has ended. A signal ends those at
 * work, of which is printed what they wrote so far, and begins no more.
 */
export async function runBatches(
  batches: readonly Batch[],
  jobs: number,
  print: (text: string) => void,
  signal?: AbortSignal,
): Promise<Ended[]> {
  const ended: Ended[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: jobs }, async () => {
    while (next < batches.length && !signal?.aborted) {
      const one = await runBatch(batches[next++], signal);
      ended.push(one);
      print(`${one.text.trim()}\n`);
    }
  }));
  return ended;
}

async function runAll(): Promise<boolean> {
  const started = performance.now();
  const asked = Number(Deno.env.get("DENO_JOBS"));
  const jobs = asked >= 1
    ? asked
    : Math.min(navigator.hardwareConcurrency, MOST_JOBS);
  const batches = batchesOf(await testFolders(), await exampleFiles());
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => stop.abort());
  }
  const ended = await runBatches(batches, jobs, console.log, stop.signal);
  const sum = sumOf(ended, (performance.now() - started) / 1000);
  console.log(sum.text);
  return sum.success && !stop.signal.aborted;
}

if (import.meta.main) {
  const success = Deno.args.length === 0 ? await runAll() : (
    await new Deno.Command(Deno.execPath(), {
      args: [...TEST, ...Deno.args],
      stdin: "null",
    }).spawn().status
  ).success;
  Deno.exit(success ? 0 : 1);
}
