import type { BenchSize } from "./size.ts";

/** One row of the card's table: a problem, measured by itself. */
export interface CardCase {
  name: string;
  size: BenchSize;
  coders: readonly ("mp" | "omp")[];
  gram: "f32" | "f16";
  /** Precision of rows kept on the device. */
  held: "f32" | "f16";
  /** Stages and the whole step; else only a training. */
  stages: boolean;
  train?: { rows: number; passes: number } | undefined;
  /** Runs of each stage at least. */
  runs: number;
  /** Run the peer beside. */
  peer: boolean;
  /** About how long it takes on an H100, in all; reckoned, not measured. */
  minutes: number;
}

const COMMON = { n: 2304, m: 4096, k: 20, rows: 32768 };

const STAGES = {
  size: COMMON,
  coders: ["mp", "omp"],
  gram: "f32",
  held: "f32",
  stages: true,
  runs: 20,
  peer: false,
  minutes: 1,
} as const;

const TRAINING = {
  ...STAGES,
  size: { ...COMMON, rows: 65536 },
  coders: ["mp"],
  stages: false,
  train: { rows: 2_621_440, passes: 3 },
  minutes: 1.5,
} as const;

/** What the targets of speed are held to, in order of importance. */
export const CARD_CASES: readonly CardCase[] = [
  { ...STAGES, name: "k20", peer: true, minutes: 2.5 },
  {
    ...STAGES,
    name: "k80",
    size: { ...COMMON, k: 80 },
    peer: true,
    minutes: 3.5,
  },
  { ...TRAINING, name: "train-mp" },
  { ...TRAINING, name: "train-omp", coders: ["omp"] },
  {
    ...STAGES,
    name: "m16384",
    size: { ...COMMON, m: 16384, rows: 16384 },
    peer: true,
    minutes: 3.5,
  },
  { ...STAGES, name: "k20-gram-f16", gram: "f16" },
  {
    ...STAGES,
    name: "k80-gram-f16",
    size: { ...COMMON, k: 80 },
    gram: "f16",
    minutes: 1.5,
  },
  { ...TRAINING, name: "train-mp-rows-f16", held: "f16" },
  {
    ...STAGES,
    name: "m65536",
    size: { n: 2304, m: 65536, k: 64, rows: 16384 },
    coders: ["omp"],
    runs: 2,
    minutes: 3,
  },
  { ...STAGES, name: "k40", size: { ...COMMON, k: 40 }, minutes: 1 },
];

/** A case made smaller, to try the whole table on a small device: sizes divided, k within them. */
export function scaledCase(given: CardCase, divisor: number): CardCase {
  const less = (value: number) => Math.max(1, Math.round(value / divisor));
  const { n, m, rows, k } = given.size;
  const small = { n: less(n), m: less(m), rows: less(rows) };
  return {
    ...given,
    size: {
      ...small,
      k: Math.min(k, Math.ceil(Math.min(small.n, small.m) / 2)),
    },
    train: given.train && { ...given.train, rows: less(given.train.rows) },
  };
}
