import { DbksvdError } from "../../../src/errors.ts";
import { randomStream } from "../../../src/random.ts";
import { damageBytes, damageStructure } from "./damage.ts";
import {
  compare,
  type FuzzClass,
  type Reading,
  readRows,
  same,
} from "./readings.ts";
import { makeSeeds, makeSideSeeds, type Seed } from "./seeds.ts";

/** What is read of the files: vectors alone, or other columns of many types too. */
export type FuzzTarget = "vectors" | "columns";

/** A run that is named. */
interface Finding {
  run: number;
  file: string;
  what: string;
}

/** Outcomes by class, for whole and for structure-aware damage. */
export interface FuzzReport {
  runs: number;
  bytes: Partial<Record<FuzzClass, number>>;
  structure: Partial<Record<FuzzClass, number>>;
  /** Runs that must not be: crashes, slow ones, rows that hyparquet reads otherwise. */
  failures: Finding[];
  /** Runs whose rows hyparquet could not judge, with what it says: to be looked at one by one. */
  unjudged: Finding[];
  peakBytes: number;
}

const SLOW_MS = 3000;
/** What must not come of damage. */
const FAILED = new Set<FuzzClass>(["crash", "other rows, hyparquet differs"]);

/** Damages files `runs` times, seeded, half of them where their structure is, and reads them: `target` of them. */
export async function fuzz(
  runs: number,
  seed: number,
  directory: string,
  first = 0,
  target: FuzzTarget = "vectors",
): Promise<FuzzReport> {
  const seeds = target === "vectors"
    ? await makeSeeds(directory)
    : await makeSideSeeds(directory);
  const report: FuzzReport = {
    runs,
    bytes: {},
    structure: {},
    failures: [],
    unjudged: [],
    peakBytes: 0,
  };
  const path = `${directory}/damaged-${target}.parquet`;
  for (let run = first; run < first + runs; run++) {
    const random = randomStream(seed, "fuzz", run);
    const from = seeds[random.integer(seeds.length)];
    const structured = run % 2 === 0;
    const damaged = structured
      ? damageStructure(from, random)
      : damageBytes(from.bytes, random);
    Deno.writeFileSync(path, damaged);
    const start = performance.now();
    const { outcome, what } = await outcomeOf(path, from);
    const milliseconds = Math.round(performance.now() - start);
    const slow = milliseconds > SLOW_MS;
    if (slow || FAILED.has(outcome)) {
      report.failures.push({
        run,
        file: from.name,
        what: slow ? `took ${milliseconds} ms` : what ?? outcome,
      });
    }
    const counts = structured ? report.structure : report.bytes;
    if (outcome === "other rows, hyparquet refuses") {
      report.unjudged.push({ run, file: from.name, what: what! });
    }
    const key = slow ? "slow" : outcome;
    counts[key] = (counts[key] ?? 0) + 1;
    report.peakBytes = Math.max(report.peakBytes, Deno.memoryUsage().rss);
  }
  return report;
}

async function outcomeOf(
  path: string,
  { options, rows: whole }: Seed,
): Promise<{ outcome: FuzzClass; what?: string }> {
  let rows: Reading;
  try {
    rows = await readRows(path, options);
  } catch (error) {
    const clean = error instanceof DbksvdError && error.kind === "data" &&
      !error.message.includes("\n");
    return clean
      ? { outcome: "refused" }
      : { outcome: "crash", what: String((error as Error).stack) };
  }
  return same(rows, whole)
    ? { outcome: "unharmed" }
    : await compare(path, rows, options);
}
