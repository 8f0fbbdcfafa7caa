// What the benchmarks print.
import type { CardReport } from "../../src/bench/card.ts";
import type {
  CpuComparison,
  CpuComparisons,
  NumpyTimes,
  StepTime,
} from "../../src/bench/cpu/types.ts";
import type { RowsBenchFile } from "../../src/bench/rows.ts";
import type { Verdict } from "../../src/bench/targets.ts";
import type {
  BenchReport,
  BenchStage,
  TrainingPhases,
} from "../../src/bench/types.ts";
import {
  amount,
  count,
  define,
  type Document,
  type Fields,
  figure,
  flag,
  list,
  map,
  nullable,
  number,
  object,
  optional,
  text,
  words,
} from "./fields.ts";
import { STAGES } from "./shared.ts";

type BenchDevice = BenchReport["device"];

const benchDevice = define(
  "benchDevice",
  object<BenchDevice>({
    name: text("The adapter's name, or the processor's."),
    kind: words("The engine.", ["gpu", "cpu"]),
    software: flag("Whether a GPU engine runs on a software driver."),
    peak: optional(object<NonNullable<BenchDevice["peak"]>>({
      flops: amount("FLOP/s."),
      bytes: amount("Bytes a second."),
    }, "What percentages are of.")),
  }, "What was timed."),
);

const SIZE = {
  n: count("Dimensions."),
  m: count("Atoms."),
  k: count("Nonzeros a row."),
  rows: count("Rows of a sample batch."),
};

const coder = words("How rows are coded.", ["mp", "omp"]);

const stage = object<BenchStage>({
  stage: words("The stage, the whole step, or a training.", STAGES),
  coder,
  ...SIZE,
  atomBatch: count("Atoms updated from one residual."),
  precision: text("Of the numbers."),
  subgroups: flag("Whether subgroup operations were used."),
  milliseconds: amount("Wall time of one run."),
  limit: words("What binds the stage.", ["flops", "bytes"]),
  percentOfLimit: figure("Share of what the card has of it, in percent."),
  gpuBusy: figure("Share of the time that the device was at work."),
  maxRelativeError: figure("Greatest error against the oracle."),
  supportAgreement: optional(figure("Share of rows with its support.")),
  peerMilliseconds: optional(amount("The peer's time for it.")),
  phaseSeconds: optional(object<TrainingPhases>({
    statistics: amount("Statistics and first atoms."),
    engine: amount("Opening the device and compiling."),
    passes: list("Each pass.", amount("A pass.")),
    end: amount("Reading the dictionary back."),
  }, "Where a training's time went.")),
});

const TIME: Fields<StepTime> = {
  milliseconds: amount("By the clock."),
  cpuMilliseconds: amount("CPU time of the process."),
};

const step = object<StepTime>(TIME);

const numpy = object<NumpyTimes>({
  library: text("Its BLAS, and the core that this is written for."),
  numpy: text("Its version."),
  one: step,
  all: step,
  left: figure("What was left of the rows, as a share."),
}, "What NumPy took for the same steps.");

const comparison = object<CpuComparison>({
  ...SIZE,
  coder,
  atomBatch: count("Atoms updated from one residual."),
  mpSteps: count("Steps for each nonzero of MP."),
  threads: count("All cores."),
  one: step,
  all: step,
  left: figure("What was left of the rows after the step, as a share."),
  blas: optional(object<StepTime & { name: string }>({
    ...TIME,
    name: text("The library."),
  }, "With a native BLAS.")),
  reference: optional(object<NonNullable<CpuComparison["reference"]>>({
    rows: count("Rows of the run."),
    milliseconds: amount("The reference engine, one thread."),
    oursMilliseconds: amount("Ours, one thread."),
  })),
  peer: optional(numpy),
});

const report = define(
  "report",
  object<BenchReport>({
    device: benchDevice,
    stages: list("Every stage that was timed.", stage),
    comparisons: optional(object<CpuComparisons>({
      core: object<CpuComparisons["core"]>({
        peakGflops: amount("At best."),
        productGflops: amount("Of the product of matrices."),
      }, "Of one thread, in GFLOP/s."),
      rows: list("Every size and coder.", comparison),
    }, "The CPU engine beside others: --peer.")),
    problems: list("Results that failed their check.", text("In words.")),
    notes: list("What could not be measured, and why.", text("In words.")),
    ok: flag("False where a result was wrong."),
  }, "A benchmark."),
);

const rate = (what: string) => amount(`${what}, in 10⁶ bytes.`);

const rowsFile = object<RowsBenchFile>({
  file: text("The file."),
  workers: count("Workers that decoded; 0: the program's own thread."),
  megabytesPerSecond: rate("Of float32 rows, buffers given back"),
  keptMegabytesPerSecond: rate("Every batch kept"),
  baselineMegabytesPerSecond: rate("hyparquet's public API"),
  fileStreamMegabytesPerSecond: rate("Deno.FsFile read as a stream"),
  fileFastestMegabytesPerSecond: rate("readSync into one buffer"),
  fileKeptMegabytesPerSecond: rate("readSync into new buffers"),
  overBaseline: amount("Times hyparquet's."),
  overFileStream: amount("Times the stream's."),
  overFileFastest: amount("Times the fastest reading's."),
  keptOverFileKept: amount("Kept, times reading into new buffers."),
  megabytesPerCpuSecond: rate("By processor time"),
  baselineMegabytesPerCpuSecond: rate("hyparquet's by processor time"),
  fileFastestMegabytesPerCpuSecond: rate("readSync by processor time"),
  rows: count("Rows of the file."),
  width: count("Dimensions."),
});

const card = object<CardReport>({
  out: text("The folder of the results."),
  device: optional(benchDevice),
  scale: count("What sizes were divided by."),
  targets: list(
    "The targets of speed.",
    object<Verdict>({
      what: text("What."),
      unit: words("In what.", ["TFLOP/s", "×", "s"]),
      floor: number("What is asked for."),
      aim: number("What is hoped for."),
      value: nullable(number("What was measured.")),
      verdict: words("What came of it.", [
        "aim",
        "floor",
        "missed",
        "not measured",
        "trial",
      ]),
    }),
  ),
  cases: list(
    "What was measured.",
    object<CardReport["cases"][number]>({
      name: text("Its name."),
      state: words("What became of it.", [
        "measured",
        "kept",
        "left",
        "failed",
      ]),
      seconds: optional(amount("How long it took.")),
      reason: optional(text("Why it failed.")),
    }),
  ),
  reports: map("The benchmark of each case.", report),
  ok: flag("False where a result was wrong or a case failed."),
});

/** The documents of the benchmarks. */
export const BENCHMARKS: readonly Document[] = [
  { name: "bench", title: "dbksvd bench --json", field: report },
  {
    name: "bench-rows",
    title: "dbksvd bench rows --json",
    field: object<{ files: RowsBenchFile[] }>({
      files: list("Every file with every number of workers.", rowsFile),
    }),
  },
  { name: "bench-card", title: "dbksvd bench card --json", field: card },
];
