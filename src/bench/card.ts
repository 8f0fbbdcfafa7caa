import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { CARD_CASES, type CardCase, scaledCase } from "./card_cases.ts";
import { runBench } from "./run.ts";
import { type CardResults, judge, type Verdict } from "./targets.ts";
import type { BenchReport } from "./types.ts";
import type { BenchSize } from "./size.ts";

/** On divided sizes nothing that is timed means much, so that it need not take long. */
const TRIAL_MS = 20;

/** How the card's table is measured. */
export interface CardOptions {
  /** Directory of the results, a JSON document a case; cases that it holds already are not measured again. */
  out: string;
  /** Cases by name; undefined: all. */
  only?: readonly string[] | undefined;
  /** Sizes are divided by this: to try the table on a small device. */
  scale: number;
  /** Run the peer where a case asks for it. */
  peer: boolean;
  /** No case is begun that would probably end later than so many minutes from the start. */
  minutes: number;
  subgroups?: boolean | undefined;
  onProgress?(line: string): void;
}

/** What came of the cases, and of the targets. */
export interface CardReport {
  out: string;
  device?: BenchReport["device"];
  scale: number;
  targets: Verdict[];
  cases: {
    name: string;
    /** `kept` was measured before; `left` awaits another run. */
    state: "measured" | "kept" | "left" | "failed";
    seconds?: number;
    reason?: string;
  }[];
  reports: Record<string, BenchReport>;
  /** False where a result was wrong or a case failed. */
  ok: boolean;
}

/**
 * Measures what the targets of speed are held to, case after case in order of importance, unattended: each result is
 * written as soon as it is there, a case that fails does not keep the others from being measured, and a second run
 * goes on where the first one ended.
 *
 * @throws {DbksvdError} `usage`, where a case is unknown
 */
export async function runCard(options: CardOptions): Promise<CardReport> {
  const started = performance.now();
  const minutes = () => (performance.now() - started) / 60000;
  const results: Record<string, BenchReport> = {};
  const cases: CardReport["cases"] = [];
  await Deno.mkdir(options.out, { recursive: true });
  for (const given of chosen(options.only)) {
    const { name } = given, file = join(options.out, `${name}.json`);
    const from = performance.now();
    const seconds = () => (performance.now() - from) / 1000;
    try {
      const bench = benchOf(given, options);
      const before = await readReport(file);
      if (before !== undefined && isOf(before, bench.sizes[0])) {
        results[name] = before;
        cases.push({ name, state: "kept" });
        continue;
      }
      const needed = options.scale > 1 ? 0 : given.minutes;
      if (minutes() + needed > options.minutes) {
        cases.push({ name, state: "left" });
        continue;
      }
      const report = await runBench(bench);
      results[name] = report;
      await Deno.writeTextFile(file, JSON.stringify(report, null, 1));
      cases.push({ name, state: "measured", seconds: seconds() });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      cases.push({ name, state: "failed", seconds: seconds(), reason });
      options.onProgress?.(`${name} failed: ${reason}`);
    }
  }
  return reportOf(options, results, cases);
}

function chosen(only?: readonly string[]): readonly CardCase[] {
  const unknown = only?.find((name) =>
    CARD_CASES.every((given) => given.name !== name)
  );
  if (unknown !== undefined) {
    throw new DbksvdError("usage", `No case is called "${unknown}"`, {
      mend: `take some of ${CARD_CASES.map(({ name }) => name).join(", ")}`,
    });
  }
  return CARD_CASES.filter(({ name }) => only?.includes(name) ?? true);
}

function benchOf(given: CardCase, options: CardOptions) {
  const { scale, peer, subgroups, onProgress } = options;
  const { size, name, minutes: _, ...rest } = scale > 1
    ? scaledCase(given, scale)
    : given;
  return {
    ...rest,
    sizes: [size],
    device: "gpu" as const,
    ridge: 0,
    leastMs: scale > 1 ? TRIAL_MS : undefined,
    runs: scale > 1 ? 2 : given.runs,
    peer: peer && given.peer,
    subgroups,
    onProgress: (line: string) => onProgress?.(`${name}: ${line}`),
  };
}

async function readReport(file: string): Promise<BenchReport | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isOf({ stages }: BenchReport, size: BenchSize): boolean {
  return stages.length > 0 &&
    (["n", "m", "k", "rows"] as const).every((name) =>
      stages[0][name] === size[name]
    );
}

function reportOf(
  { out, scale }: CardOptions,
  reports: Record<string, BenchReport>,
  cases: CardReport["cases"],
): CardReport {
  return {
    out,
    device: Object.values(reports)[0]?.device,
    scale,
    targets: judge(reports as CardResults, scale),
    cases,
    reports,
    ok: Object.values(reports).every(({ ok }) => ok) &&
      cases.every(({ state }) => state !== "failed"),
  };
}
