import type { BenchReport, BenchStage, StageName } from "./types.ts";

/** What a card case gave, by its name. */
export type CardResults = Readonly<Record<string, BenchReport | undefined>>;

/** One target of speed: reached at the floor, as hoped for at the aim. */
export interface Target {
  what: string;
  /** `×` is the peer's time over ours, in one run. */
  unit: "TFLOP/s" | "×" | "s";
  floor: number;
  aim: number;
  /** What was measured; undefined where it was not. */
  value(results: CardResults): number | undefined;
}

type Coder = "mp" | "omp";

/** The floors and aims for one H100. */
export const TARGETS: readonly Target[] = [
  {
    what: "correlations, N = 32768, m = 4096",
    unit: "TFLOP/s",
    floor: 40,
    aim: 46,
    value: teraflops,
  },
  ratio("MP, k = 20", "k20", "mp", "mp", [4, 7]),
  ratio("MP, k = 80", "k80", "mp", "mp", [5, 8]),
  ratio("OMP, k = 20", "k20", "omp", "omp", [7, 20]),
  ratio("OMP, k = 80", "k80", "omp", "omp", [2.2, 4]),
  update("update with residual and lists, k = 20", "k20", [4, 6]),
  update("update with residual and lists, k = 80", "k80", [7, 10]),
  ratio("whole step with MP, k = 20", "k20", "mp", "step", [2, 2.6]),
  ratio("whole step with MP, k = 80", "k80", "mp", "step", [4, 5]),
  ratio("whole step with OMP, k = 20", "k20", "omp", "step", [4.5, 7]),
  ratio("whole step with OMP, k = 80", "k80", "omp", "step", [2.2, 4]),
  ratio("m = 16384, step with MP", "m16384", "mp", "step", [1.3, 2]),
  ratio("m = 16384, step with OMP", "m16384", "omp", "step", [3.5, 6]),
  training("training, 2621440 rows, 3 passes, MP", "train-mp"),
  training("training, 2621440 rows, 3 passes, OMP", "train-omp"),
];

/** A target with what was measured for it. */
export interface Verdict {
  what: string;
  unit: Target["unit"];
  floor: number;
  aim: number;
  value: number | null;
  /** `trial`: on other sizes than the target's. */
  verdict: "aim" | "floor" | "missed" | "not measured" | "trial";
}

/** Holds results to the targets; `scale` is what sizes were divided by. */
export function judge(results: CardResults, scale: number): Verdict[] {
  return TARGETS.map(({ value: measure, ...target }) => {
    const value = measure(results) ?? null;
    const { floor, aim, unit } = target;
    const reaches = (bound: number) =>
      value !== null && (unit === "s" ? value <= bound : value >= bound);
    const verdict = value === null
      ? "not measured"
      : scale > 1
      ? "trial"
      : reaches(aim)
      ? "aim"
      : reaches(floor)
      ? "floor"
      : "missed";
    return { ...target, value, verdict };
  });
}

function teraflops({ k20 }: CardResults): number | undefined {
  const row = stageOf(k20, "mp", "correlate");
  return row && 2 * row.rows * row.m * row.n / row.milliseconds / 1e9;
}

function peerOver(
  what: string,
  [floor, aim]: [number, number],
  value: Target["value"],
): Target {
  return { what, unit: "×", floor, aim, value };
}

function ratio(
  what: string,
  name: string,
  coder: Coder,
  stage: StageName,
  bounds: [number, number],
): Target {
  return peerOver(what, bounds, (results) => {
    const row = stageOf(results[name], coder, stage);
    return row?.peerMilliseconds && row.peerMilliseconds / row.milliseconds;
  });
}

// The peer's update makes its residual and sorts its codes by atom, as our three stages do.
function update(
  what: string,
  name: string,
  bounds: [number, number],
): Target {
  return peerOver(what, bounds, (results) => {
    const rows = (["residual", "lists", "update"] as const)
      .map((stage) => stageOf(results[name], "mp", stage));
    const peer = rows[2]?.peerMilliseconds;
    if (peer === undefined) return undefined;
    return peer / rows.reduce((sum, row) => sum + row!.milliseconds, 0);
  });
}

function training(what: string, name: string): Target {
  return {
    what,
    unit: "s",
    floor: 25,
    aim: 10,
    value: (results) => {
      const row = results[name]?.stages.find(({ stage }) => stage === "train");
      return row && row.milliseconds / 1000;
    },
  };
}

function stageOf(
  report: BenchReport | undefined,
  coder: Coder,
  stage: StageName,
): BenchStage | undefined {
  return report?.stages.find((row) =>
    row.coder === coder && row.stage === stage
  );
}
