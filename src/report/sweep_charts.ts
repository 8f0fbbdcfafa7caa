import * as Plot from "@observablehq/plot";
import { paretoFront } from "../metrics/pareto.ts";
import type { SweepEntry } from "../metrics/sweep_result.ts";
import { type Chart, drawPlot } from "./chart.ts";
import { formatCount, formatFigure, formatShare } from "./format.ts";

/** One picture of a sweep: what stands on its axes, less of each being better unless it says otherwise. */
interface View {
  title: string;
  note: string;
  x: Axis;
  y: Axis;
}

interface Axis {
  label: string;
  of(run: SweepEntry): number;
  text(value: number): string;
  /** Steps are even in its logarithm. */
  log?: boolean;
  moreIsBetter?: boolean;
}

const FVU: Axis = {
  label: "Held-out FVU",
  of: ({ fvu }) => fvu,
  text: (value) => formatFigure(value),
};

const VIEWS: readonly View[] = [
  {
    title: "FVU over nonzeros",
    note: "What each nonzero a row brings.",
    x: {
      label: "Nonzeros a held-out row (L0)",
      of: ({ l0 }) => l0,
      text: (value) => `L0 ${formatFigure(value, 3)}`,
      log: true,
    },
    y: FVU,
  },
  {
    title: "FVU over atoms",
    note: "What a larger dictionary brings.",
    x: {
      label: "Atoms",
      of: ({ atoms }) => atoms,
      text: (value) => `${formatCount(value)} atoms`,
      log: true,
    },
    y: FVU,
  },
  {
    title: "FVU over dense atoms",
    note:
      "Atoms that more than a tenth of the rows use tell little by themselves.",
    x: {
      label: "Share of atoms that are dense",
      of: ({ denseAtoms, atoms }) => denseAtoms / atoms,
      text: (value) => `${formatShare(value)} dense`,
    },
    y: FVU,
  },
];

/** The charts of a sweep over one column: FVU over what it costs, and accuracy over FVU where it was measured. */
export function sweepCharts(runs: readonly SweepEntry[]): Chart[] {
  const [least] = Object.keys(runs[0].accuracy ?? {});
  const views = least === undefined ? VIEWS : [...VIEWS, accuracyView(least)];
  return views.map((view) => chartOf(view, runs));
}

function accuracyView(k: string): View {
  return {
    title: "Accuracy over FVU",
    note: `Classes known by ${k} latent${
      k === "1" ? "" : "s"
    } on held-out rows: 0.5 is chance, up is better.`,
    x: FVU,
    y: {
      label: "Balanced accuracy",
      of: ({ accuracy }) => accuracy![k],
      text: (value) => `accuracy ${formatFigure(value, 3)}`,
      moreIsBetter: true,
    },
  };
}

function chartOf({ title, note, x, y }: View, runs: readonly SweepEntry[]) {
  const better = ({ of, moreIsBetter }: Axis, run: SweepEntry) =>
    moreIsBetter ? -of(run) : of(run);
  const front = paretoFront(
    runs.map((run) => [better(x, run), better(y, run)]),
  );
  const points = runs.map((run, i) => ({
    x: x.of(run),
    y: y.of(run),
    front: front[i],
    words: `${formatCount(run.atoms)} atoms, ${run.sparsity} nonzeros: ${
      x.text(x.of(run))
    }, ${y === FVU ? "FVU " : ""}${y.text(y.of(run))}`,
  }));
  const best = points.filter((point) => point.front)
    .sort((a, b) => a.x - b.x || a.y - b.y);
  const ticks = [...new Set(points.map((point) => point.x))];
  return {
    title,
    note,
    summary: `On the front: ${best.map(({ words }) => words).join("; ")}.`,
    keys: [
      { series: 1, name: "on this front", mark: "line" as const },
      { series: 2, name: "others", mark: "dot" as const },
    ],
    svg: drawPlot({
      x: {
        label: x.label,
        insetLeft: 8,
        insetRight: 8,
        ...x.log && {
          type: "log",
          ...ticks.length <= 8 && { ticks, tickFormat: figureOf },
        },
        ...!x.log && { nice: true, grid: true },
      },
      y: { label: y.label, grid: true, nice: true },
      marks: [
        Plot.line(best, {
          x: "x",
          y: "y",
          curve: "step-after",
          stroke: "var(--series-1)",
          strokeWidth: 2,
        }),
        Plot.dot(points, {
          x: "x",
          y: "y",
          r: 4,
          fill: ({ front }) => front ? "var(--series-1)" : "var(--page)",
          stroke: ({ front }) => front ? "var(--series-1)" : "var(--series-2)",
          title: "words",
        }),
      ],
    }),
  };
}

function figureOf(value: number): string {
  return formatFigure(value, 3);
}
