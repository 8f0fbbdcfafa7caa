import * as Plot from "@observablehq/plot";
import { type Chart, drawPlot } from "./chart.ts";
import type { Histogram } from "./data.ts";
import {
  formatCount,
  formatFigure,
  formatPercent,
  formatShare,
} from "./format.ts";

/** The code values of all atoms together. */
export function valueChart(values: Histogram | undefined): Chart {
  const title = "Code values";
  const total = values?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  if (values === undefined || total === 0) {
    return {
      title,
      summary: "",
      wide: true,
      empty: "Not measured: run evaluate on this model to add it.",
    };
  }
  const { counts, low, high } = values;
  const step = (high - low) / counts.length;
  const bars = Array.from(counts, (count, b) => ({
    from: low + b * step,
    to: low + (b + 1) * step,
    share: count / total,
  }));
  const first = bars.findIndex((bar) => bar.share > 0);
  const last = bars.findLastIndex((bar) => bar.share > 0);
  const positive = bars.reduce(
    (sum, bar) => sum + (bar.from >= 0 ? bar.share : 0),
    0,
  );
  return {
    title,
    note: `Nonzero coefficients of all atoms, in the rows' own units; ${
      formatShare(positive)
    } are positive.`,
    summary: `${formatCount(total)} coefficients between ${
      formatFigure(bars[first].from, 3)
    } and ${formatFigure(bars[last].to, 3)}.`,
    wide: true,
    svg: drawPlot({
      x: { label: "Coefficient (units of the rows)", ticks: 7 },
      y: {
        label: "Share of coefficients",
        grid: true,
        nice: true,
        tickFormat: formatPercent,
        ticks: 5,
      },
      marks: [
        Plot.rectY(bars.slice(first, last + 1), {
          x1: "from",
          x2: "to",
          y: "share",
          fill: "var(--series-1)",
          insetLeft: 0.5,
        }),
        Plot.ruleY([0]),
      ],
    }, true),
  };
}

/** How many nonzeros a row has. */
export function nonzeroChart(
  nonzeros: Uint32Array | undefined,
  l0: number | undefined,
): Chart {
  const title = "Nonzeros a row";
  const rows = nonzeros?.reduce((sum, count) => sum + count, 0) ?? 0;
  if (nonzeros === undefined || rows === 0) {
    return {
      title,
      summary: "",
      empty: "Not measured: run evaluate on this model to add it.",
    };
  }
  const bars = Array.from(nonzeros, (count, l) => ({ l, share: count / rows }));
  const mean = l0 ??
    bars.reduce((sum, { l, share }) => sum + l * share, 0);
  return {
    title,
    note: `Mean ${formatFigure(mean, 3)} of at most ${nonzeros.length - 1}.`,
    summary: `Mean ${formatFigure(mean, 3)} of at most ${nonzeros.length - 1}.`,
    svg: drawPlot({
      x: {
        label: "Nonzeros",
        ticks: Math.min(10, nonzeros.length),
        tickFormat: "d",
      },
      y: {
        label: "Share of rows",
        grid: true,
        nice: true,
        ticks: 5,
        tickFormat: formatPercent,
      },
      marks: [
        Plot.rectY(bars, {
          x1: ({ l }: { l: number }) => l - 0.5,
          x2: ({ l }: { l: number }) => l + 0.5,
          y: "share",
          fill: "var(--series-1)",
          inset: nonzeros.length > 40 ? 0.5 : 2,
        }),
        Plot.ruleY([0]),
      ],
    }),
  };
}
