import { CommanderError } from "@commander-js/extra-typings";
import { DbksvdError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import type { Target } from "./target.ts";
import { targetsIn } from "./targets.ts";

/** A parse that takes longer has run away. */
const LONGEST_MS = 5000;

/** A parser that fails: with an error that is not for users, or not at all. */
export interface FuzzFailure {
  target: string;
  run: number;
  error: string;
  bytes: Uint8Array;
}

/** What came of fuzzing one parser. */
export interface FuzzCounts {
  structured: number;
  blind: number;
  /** Parsed without complaint: the damage did no harm. */
  accepted: number;
  /** Refused with an error of this library. */
  refused: number;
  failures: FuzzFailure[];
}

/**
 * Feeds every parser damaged files, half of them damaged in their structure.
 *
 * @param runs files for each parser
 * @param seed of all damage: the same seed and run give the same file
 * @param only names of parsers; all where left out
 * @param onDone called for each parser when it is done
 */
export async function fuzz(
  { runs, seed, only, onDone }: {
    runs: number;
    seed: number;
    only?: string[] | undefined;
    onDone?(parser: string, counts: FuzzCounts): void;
  },
): Promise<Map<string, FuzzCounts>> {
  const directory = await Deno.makeTempDir({ prefix: "dbksvd-fuzz-" });
  const results = new Map<string, FuzzCounts>();
  addEventListener("unhandledrejection", noteStray);
  try {
    for (const target of await targetsIn(directory)) {
      if (only !== undefined && !only.includes(target.name)) continue;
      const counts = await fuzzTarget(target, runs, seed);
      results.set(target.name, counts);
      onDone?.(target.name, counts);
    }
  } finally {
    removeEventListener("unhandledrejection", noteStray);
    await Deno.remove(directory, { recursive: true });
  }
  return results;
}

/** Rejections that nobody handled, which would have ended the process. */
let strays: unknown[] = [];

function noteStray(event: PromiseRejectionEvent): void {
  event.preventDefault();
  strays.push(event.reason);
}

async function fuzzTarget(
  target: Target,
  runs: number,
  seed: number,
): Promise<FuzzCounts> {
  const counts: FuzzCounts = {
    structured: 0,
    blind: 0,
    accepted: 0,
    refused: 0,
    failures: [],
  };
  for (let run = 0; run < runs; run++) {
    const kind = run % 2 === 0 ? "structured" : "blind";
    const random = randomStream(seed, "fuzz", target.name, run);
    const bytes = await target[kind](random);
    counts[kind]++;
    const error = await outcome(target, bytes);
    if (error === undefined) counts.accepted++;
    else if (isRefusal(error)) counts.refused++;
    else {
      const text = error instanceof Error ? error.stack! : String(error);
      counts.failures.push({ target: target.name, run, error: text, bytes });
    }
  }
  return counts;
}

async function outcome(target: Target, bytes: Uint8Array<ArrayBuffer>) {
  const result = await parseOutcome(target, bytes);
  if (isRefusal(result)) await new Promise((resolve) => setTimeout(resolve));
  const [stray] = strays;
  strays = [];
  return stray === undefined
    ? result
    : new Error("A rejection went unhandled", { cause: stray });
}

async function parseOutcome(target: Target, bytes: Uint8Array<ArrayBuffer>) {
  const start = performance.now();
  try {
    await target.parse(bytes);
  } catch (error) {
    return error;
  }
  const taken = performance.now() - start;
  return taken > LONGEST_MS ? new Error(`It took ${taken} ms`) : undefined;
}

function isRefusal(error: unknown): boolean {
  return error instanceof CommanderError ||
    (error instanceof DbksvdError && ["data", "usage"].includes(error.kind));
}
