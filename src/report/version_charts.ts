import * as Plot from "@observablehq/plot";
import type { PrefixMetrics } from "../metrics/accumulator.ts";
import { type Chart, drawPlot, thin } from "./chart.ts";
import type { VersionEntry } from "./data.ts";
import { formatCount, formatFigure } from "./format.ts";

/** FVU of a nested dictionary cut after each group. */
export function prefixChart(prefixes: readonly PrefixMetrics[]): Chart {
  const points = prefixes.map(({ atoms, fvu }) => ({ atoms, fvu }));
  return {
    title: "Nested dictionaries",
    note: "FVU with the first groups of atoms alone.",
    summary: points.map(({ atoms, fvu }) =>
      `${formatCount(atoms)} atoms: ${formatFigure(fvu)}`
    ).join(", "),
    svg: drawPlot({
      x: {
        type: "log",
        base: 2,
        label: "Atoms kept",
        ticks: points.map(({ atoms }) => atoms),
        tickFormat: (atoms: number) => formatCount(atoms),
      },
      y: { label: "FVU", grid: true, nice: true },
      marks: [
        Plot.lineY(points, { x: "atoms", y: "fvu", stroke: "var(--series-1)" }),
        Plot.dot(points, { x: "atoms", y: "fvu", fill: "var(--series-1)" }),
      ],
    }),
  };
}

/** FVU and drift over the versions of a pipeline. */
export function historyCharts(history: readonly VersionEntry[]): Chart[] {
  const points = thin(
    history.map((entry, i) => ({ ...entry, place: i + 1 })),
    200,
  );
  const ticks = Math.min(8, points.length);
  const over = (y: "fvu" | "drift", label: string) =>
    drawPlot({
      x: {
        label: "Version",
        ticks,
        tickFormat: "d",
        insetLeft: 8,
        insetRight: 8,
      },
      y: { label, grid: true, nice: true, zero: y === "drift" },
      marks: [
        Plot.lineY(points, { x: "place", y, stroke: "var(--series-1)" }),
        Plot.dot(points, {
          x: "place",
          y,
          r: 4,
          stroke: "var(--series-1)",
          fill: (entry: VersionEntry) =>
            entry.accepted === false ? "var(--page)" : "var(--series-1)",
        }),
      ],
    });
  const last = points[points.length - 1];
  const charts: Chart[] = [{
    title: "FVU over versions",
    note:
      "On the pipeline's held-out rows; hollow points are versions refused.",
    summary: `${formatCount(history.length)} versions, the last at ${
      formatFigure(last.fvu)
    }.`,
    svg: over("fvu", "FVU"),
  }];
  const drifts = points.some(({ drift }) => drift !== undefined);
  charts.push({
    title: "Drift over versions",
    note: "1 − mean matched cosine to the version before: 0 is no change.",
    summary: `The last drift is ${
      last.drift === undefined ? "unknown" : formatFigure(last.drift, 3)
    }.`,
    ...(drifts
      ? { svg: over("drift", "Drift") }
      : { empty: "Only one version so far." }),
  });
  return charts;
}
