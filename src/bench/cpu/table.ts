import { table } from "../../text.ts";
import type { CpuComparison, CpuComparisons } from "./types.ts";

const HEAD = [
  "coder",
  "n",
  "m",
  "k",
  "rows",
  "1 thread, ms",
  "all, ms",
  "BLAS, ms",
  "NumPy 1, ms",
  "NumPy all, ms",
  "all",
  "one",
  "BLAS",
  "reference",
  "threads",
];

/** How many times as long others take: the figures that the targets are about. */
export interface CpuRatios {
  /** NumPy, the faster of one and all BLAS threads, over ours on all cores, by the clock. */
  all?: number | undefined;
  /** NumPy on one thread over ours on one, in CPU time. */
  one?: number | undefined;
  /** NumPy, the faster, over ours with a BLAS on all cores, by the clock. */
  blas?: number | undefined;
  /** The reference engine over ours on one thread, in CPU time. */
  reference?: number | undefined;
  /** One thread over all cores, by the clock. */
  threads: number;
}

/** The ratios of one row. */
export function ratiosOf(row: CpuComparison): CpuRatios {
  const { one, all, blas, peer, reference } = row;
  const numpy = peer && Math.min(peer.one.milliseconds, peer.all.milliseconds);
  return {
    all: numpy && numpy / all.milliseconds,
    one: peer && peer.one.cpuMilliseconds / one.cpuMilliseconds,
    blas: numpy && blas && numpy / blas.milliseconds,
    reference: reference && reference.milliseconds / reference.oursMilliseconds,
    threads: one.milliseconds / all.milliseconds,
  };
}

/** The comparison as a readable table. */
export function comparisonTable({ core, rows }: CpuComparisons): string {
  const libraries = new Set(rows.flatMap(({ peer, blas }) => [
    ...peer === undefined ? [] : [`NumPy ${peer.numpy} on ${peer.library}`],
    ...blas === undefined ? [] : [`--blas: ${blas.name}`],
  ]));
  const share = (100 * core.productGflops / core.peakGflops).toFixed(0);
  return [
    table(HEAD, rows.map(line)),
    "all: NumPy, the faster of one and all BLAS threads, over all our cores, by the clock;",
    "one: one thread each, CPU time; BLAS: NumPy over ours with one; threads: one over all;",
    "reference: the reference engine over one thread of ours, CPU time.",
    `product: ${core.productGflops.toFixed(1)} of ${
      core.peakGflops.toFixed(1)
    } GFLOP/s of one core's f32x4 multiply-adds, ${share}%`,
    ...libraries,
  ].join("\n");
}

function line(row: CpuComparison): string[] {
  const { coder, n, m, k, rows, one, all, blas, peer, mpSteps } = row;
  const ratios = ratiosOf(row);
  const ms = (value?: number) => value?.toPrecision(4) ?? "";
  const times = (value?: number) => value?.toFixed(2) ?? "";
  return [
    coder === "mp" ? `mp, ${mpSteps === 1 ? "" : mpSteps}k steps` : coder,
    ...[n, m, k, rows].map(String),
    ms(one.milliseconds),
    ms(all.milliseconds),
    ms(blas?.milliseconds),
    ms(peer?.one.milliseconds),
    ms(peer?.all.milliseconds),
    times(ratios.all),
    times(ratios.one),
    times(ratios.blas),
    times(ratios.reference),
    times(ratios.threads),
  ];
}
