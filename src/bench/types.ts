import type { BenchSize } from "./size.ts";
import type { CpuComparisons } from "./cpu/types.ts";

/** What to measure and how. */
export interface BenchOptions {
  sizes: readonly BenchSize[];
  coders: readonly ("mp" | "omp")[];
  /** `cpu` times the CPU engine's iterations; `gpu` every stage on whatever adapter there is. */
  device: "gpu" | "cpu";
  /** B; undefined: ⌊m/32⌋. */
  atomBatch?: number | undefined;
  gram: "f32" | "f16";
  /** Precision of rows that a training keeps on the device; undefined: f32. */
  held?: "f32" | "f16";
  /** Time the stages and the whole step; undefined: yes. */
  stages?: boolean;
  /** Use subgroup operations; undefined: where there are any. */
  subgroups?: boolean | undefined;
  /** Runs of each stage at least; the wait at the end is shared by all of them. */
  runs: number;
  /**
   * The runs of one stage, and half of those of the whole step, take so many milliseconds at least; undefined: 1000.
   */
  leastMs?: number | undefined;
  /** λ of the training codes; adds the stage `refit`. */
  ridge: number;
  /** Swap passes after OMP; adds the stages `refine` and `refit`. 0 where left out. */
  refine?: number;
  /** Time a training as a user runs it: so many rows in host memory, so many passes. */
  train?: { rows: number; passes: number } | undefined;
  /** Run the peer beside, where there is one: PyTorch on a GPU, NumPy on the CPU. */
  peer: boolean;
  /** Threads of the CPU engine; undefined: all cores. */
  threads?: number | undefined;
  /** A native BLAS for the CPU engine's products; undefined: none. */
  blas?: string | undefined;
  /** Called with what is being measured. */
  onProgress?: ((line: string) => void) | undefined;
}

/** The stages of an iteration, the whole of it, and a training. */
export type StageName =
  | "correlate"
  | "gram"
  | "mp"
  | "omp"
  | "refine"
  | "refit"
  | "residual"
  | "lists"
  | "update"
  | "step"
  | "train";

/** Where a training's time went, in seconds. */
export interface TrainingPhases {
  /** Statistics and first atoms. */
  statistics: number;
  /** Opening the device and compiling. */
  engine: number;
  /** Each pass, to its last report. */
  passes: number[];
  /** Reading the dictionary back. */
  end: number;
}

/** How long a training took. */
export interface TrainingTime {
  milliseconds: number;
  gpuBusy: number | null;
  phaseSeconds: TrainingPhases;
}

/** One measured stage. */
export interface BenchStage {
  stage: StageName;
  coder: "mp" | "omp";
  n: number;
  m: number;
  k: number;
  rows: number;
  atomBatch: number;
  precision: string;
  subgroups: boolean;
  /** Wall time of one run. */
  milliseconds: number;
  /** What binds the stage. */
  limit: "flops" | "bytes";
  /** Share of what the card has of it, in percent; null where that is not known. */
  percentOfLimit: number | null;
  /** Share of the wall time that the device was at work; null where it cannot be measured. */
  gpuBusy: number | null;
  /** Greatest error against the CPU oracle on a sample; null where the stage is checked with another one. */
  maxRelativeError: number | null;
  /** Share of sampled rows on which the oracle finds the same support. */
  supportAgreement?: number;
  /** The peer's time for the same stage. */
  peerMilliseconds?: number | undefined;
  /** Of a training. */
  phaseSeconds?: TrainingPhases;
}

/** The answer of a benchmark. */
export interface BenchReport {
  device: {
    name: string;
    kind: "gpu" | "cpu";
    software: boolean;
    /** FLOP/s and bytes/s that percentages are of; absent where not known. */
    peak?: { flops: number; bytes: number } | undefined;
  };
  stages: BenchStage[];
  /** The CPU engine beside NumPy and the reference engine, where the peer was asked for. */
  comparisons?: CpuComparisons;
  /** Results that failed their check. */
  problems: string[];
  /** What could not be measured, and why. */
  notes: string[];
  /** False where a result was wrong. */
  ok: boolean;
}

/** A result may be off by this much, relative to the size of what it was made from. */
export const ERROR_TOLERANCE = 1e-4;

/** Supports must agree with the oracle's on this share of rows. */
export const SUPPORT_AGREEMENT = 0.999;
