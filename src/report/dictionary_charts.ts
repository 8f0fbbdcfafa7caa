import * as Plot from "@observablehq/plot";
import { type Chart, drawPlot, thin } from "./chart.ts";
import {
  formatCount,
  formatFigure,
  formatPercent,
  formatShare,
} from "./format.ts";

// The histogram of usage takes the coarsest bins that still show its shape.
const BINS_PER_DECADE = [4, 8, 16, 32];
const FEWEST_BINS = 12;

/** How many atoms are used how often, on a log scale, and how many never. */
export function usageChart(
  usage: ArrayLike<number>,
  rows: number,
  rowsName: string,
): Chart {
  const title = "Atom usage";
  const used = Float64Array.from(usage).filter((uses) => uses > 0);
  const dead = usage.length - used.length;
  if (used.length === 0 || rows === 0) {
    return { title, summary: "", empty: "No uses were counted." };
  }
  const densities = used.map((uses) => Math.log10(uses / rows));
  const lowest = densities.reduce((a, b) => Math.min(a, b));
  const high = densities.reduce((a, b) => Math.max(a, b));
  const perDecade =
    BINS_PER_DECADE.find((bins) => bins * (high - lowest) >= FEWEST_BINS) ??
      BINS_PER_DECADE[BINS_PER_DECADE.length - 1];
  const low = Math.floor(perDecade * lowest) / perDecade;
  const counts = new Uint32Array(Math.floor((high - low) * perDecade) + 1);
  for (const density of densities) {
    counts[Math.floor((density - low) * perDecade)]++;
  }
  const bars = Array.from(counts, (count, b) => ({
    from: low + b / perDecade,
    to: low + (b + 1) / perDecade,
    count,
  }));
  const words = dead === 0
    ? "No atom is dead"
    : `${formatCount(dead)} of ${
      formatCount(usage.length)
    } atoms are dead (never used; not drawn)`;
  return {
    title,
    note: `Share of the ${rowsName} that use an atom, log scale. ${words}.`,
    summary: `${words}. The others are used by ${
      formatShare(10 ** lowest)
    } to ${formatShare(10 ** high)} of the rows.`,
    svg: drawPlot({
      x: {
        label: "Rows that use the atom",
        ...logAxis(bars[0].from, bars[bars.length - 1].to),
      },
      y: { label: "Atoms", grid: true, nice: true },
      marks: [
        Plot.rectY(bars, {
          x1: "from",
          x2: "to",
          y: "count",
          fill: "var(--series-1)",
          inset: 0.5,
        }),
        Plot.ruleY([0]),
      ],
    }),
  };
}

/** An axis in powers of ten: its values are logarithms, its labels percentages. */
function logAxis(low: number, high: number) {
  const ticks: number[] = [];
  const steps = high - low > 2.5 ? [1] : [1, 2, 5];
  for (let power = Math.floor(low); power <= 0; power++) {
    for (const step of steps) {
      const tick = power + Math.log10(step);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return { ticks, tickFormat: (tick: number) => formatPercent(10 ** tick) };
}

/** The atoms by their uses, most used first. */
export function rankChart(usage: ArrayLike<number>, rows: number): Chart {
  const title = "Usage by rank";
  const sorted = Float64Array.from(usage).sort().reverse();
  const used = sorted.findIndex((uses) => uses === 0);
  const end = used === -1 ? sorted.length : used;
  if (end < 2 || rows === 0) {
    return { title, summary: "", empty: "Too few atoms are used." };
  }
  const points = thin(
    Array.from(sorted.subarray(0, end), (uses, i) => ({
      rank: i + 1,
      share: Math.log10(uses / rows),
    })),
    300,
  );
  return {
    title,
    note:
      "Atoms from the most used to the least: a flat line is an even dictionary.",
    summary: `The most used atom serves ${
      formatShare(sorted[0] / rows)
    } of the rows, the median one ${
      formatShare(sorted[Math.floor(end / 2)] / rows)
    }.`,
    svg: drawPlot({
      x: { label: "Atom, by rank", tickFormat: "~s", ticks: 5 },
      y: {
        label: "Rows that use it",
        grid: true,
        ...logAxis(points[points.length - 1].share, points[0].share),
      },
      marks: [
        Plot.lineY(points, {
          x: "rank",
          y: "share",
          stroke: "var(--series-1)",
          strokeWidth: 1.75,
        }),
      ],
    }),
  };
}

/** How near every atom's nearest neighbour is. */
export function coherenceChart(coherence: Float32Array | undefined): Chart {
  const title = "Coherence";
  if (coherence === undefined || coherence.length < 2) {
    return {
      title,
      summary: "",
      empty: "Not computed: run evaluate on this model to add it.",
    };
  }
  const counts = new Uint32Array(50);
  let sum = 0;
  let largest = 0;
  for (const value of coherence) {
    counts[Math.min(49, Math.floor(value * 50))]++;
    sum += value;
    largest = Math.max(largest, value);
  }
  const mean = sum / coherence.length;
  return {
    title,
    note: `Largest |cosine| of every atom to another. Mean ${
      formatFigure(mean, 3)
    }, largest ${formatFigure(largest, 3)}.`,
    summary: `Mean ${formatFigure(mean, 3)}, largest ${
      formatFigure(largest, 3)
    }.`,
    keys: [{ series: 2, mark: "dashed", name: "mean" }],
    svg: drawPlot({
      x: { label: "Largest |cosine|", domain: [0, 1], ticks: 6 },
      y: { label: "Atoms", grid: true, nice: true },
      marks: [
        Plot.rectY(Array.from(counts), {
          x1: (_, i: number) => i / 50,
          x2: (_, i: number) => (i + 1) / 50,
          y: (count: number) => count,
          fill: "var(--series-1)",
          inset: 0.5,
        }),
        Plot.ruleX([mean], {
          stroke: "var(--series-2)",
          strokeDasharray: "5,4",
          strokeWidth: 1.5,
        }),
        Plot.ruleY([0]),
      ],
    }),
  };
}
