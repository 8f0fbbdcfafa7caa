import type { BenchSize } from "../size.ts";

/** How long a step took: the best of several, by the clock and in CPU time of the whole process. */
export interface StepTime {
  milliseconds: number;
  cpuMilliseconds: number;
}

/** What NumPy took for the same steps. */
export interface NumpyTimes {
  /** Its BLAS, and the core that this is written for. */
  library: string;
  numpy: string;
  one: StepTime;
  all: StepTime;
  /** What was left of the rows, as a share. */
  left: number;
}

/** One size and coder, ours beside others. */
export interface CpuComparison extends BenchSize {
  coder: "mp" | "omp";
  atomBatch: number;
  /** MP: steps for each nonzero; the peer makes 1. */
  mpSteps: number;
  /** All cores. */
  threads: number;
  one: StepTime;
  all: StepTime;
  /** What was left of the rows after the step, as a share. */
  left: number;
  /** With a native BLAS, on all cores. */
  blas?: StepTime & { name: string };
  /** The reference engine and ours, one thread each, on so many rows. */
  reference?: {
    rows: number;
    milliseconds: number;
    oursMilliseconds: number;
  };
  peer?: NumpyTimes;
}

/** Everything that the CPU's benchmark compares. */
export interface CpuComparisons {
  /** Of one thread, in GFLOP/s: what it can at best, and what the product of matrices reaches. */
  core: { peakGflops: number; productGflops: number };
  rows: CpuComparison[];
}
