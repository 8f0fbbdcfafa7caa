import { comparisonTable } from "./cpu/table.ts";
import type { BenchReport } from "./types.ts";

const HEAD = [
  "stage",
  "coder",
  "n",
  "m",
  "k",
  "rows",
  "B",
  "ms",
  "limit",
  "% of it",
  "busy",
  "error",
  "supports",
  "peer ms",
  "peer / ours",
];

/** A benchmark as a readable table. */
export function benchTable(
  { device, stages, comparisons, problems, notes }: BenchReport,
): string {
  const rows = stages.map((s) => [
    s.stage,
    s.coder,
    String(s.n),
    String(s.m),
    String(s.k),
    String(s.rows),
    String(s.atomBatch),
    s.milliseconds.toPrecision(4),
    s.limit,
    s.percentOfLimit?.toFixed(0) ?? "",
    s.gpuBusy?.toFixed(2) ?? "",
    s.maxRelativeError?.toExponential(1) ?? "",
    s.supportAgreement?.toFixed(3) ?? "",
    s.peerMilliseconds?.toFixed(2) ?? "",
    s.peerMilliseconds === undefined
      ? ""
      : (s.peerMilliseconds / s.milliseconds).toFixed(2),
  ]);
  const widths = HEAD.map((head, c) =>
    Math.max(head.length, ...rows.map((row) => row[c].length))
  );
  const line = (cells: string[]) =>
    cells.map((cell, c) =>
      c < 2 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])
    )
      .join("  ").trimEnd();
  const software = device.software ? ", a software driver" : "";
  return [
    `${device.name}${software}`,
    ...comparisons === undefined
      ? [line(HEAD), ...rows.map(line)]
      : [comparisonTable(comparisons)],
    ...problems.map((problem) => `! ${problem}`),
    ...notes,
  ].join("\n");
}
