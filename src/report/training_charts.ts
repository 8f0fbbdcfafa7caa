import * as Plot from "@observablehq/plot";
import type { MetricsLine } from "../model/model.ts";
import { mergeReplacements, type TrainingCourse } from "./course.ts";
import type { ReportData } from "./data.ts";
import { type Chart, type ChartKey, drawPlot, thin } from "./chart.ts";
import {
  formatCount,
  formatFigure,
  formatSeconds,
  formatShare,
} from "./format.ts";

const MOST_POINTS = 400;
const MOST_BARS = 100;

/** FVU over the rows seen: coding, updated, validation, and the held-out rows' at the end. */
export function fvuChart(
  { last, lines, validated }: TrainingCourse,
  heldOut: number | undefined,
): Chart {
  const title = "Fraction of variance unexplained";
  if (last === undefined) {
    return {
      title,
      summary: "",
      wide: true,
      empty: "This model came without a training log.",
    };
  }
  const shown = thin(lines, MOST_POINTS);
  const checked = thin(validated, MOST_POINTS);
  const keys: ChartKey[] = [
    { series: 1, name: "coding a batch" },
    { series: 2, name: "after its update" },
  ];
  if (checked.length > 0) keys.push({ series: 3, name: "validation rows" });
  if (heldOut !== undefined) {
    keys.push({
      series: 4,
      mark: "dashed",
      name: `held-out rows, at the end: ${formatFigure(heldOut)}`,
    });
  }
  const endings = [
    `Coding ends at ${formatFigure(last.codingFvu)}`,
    heldOut === undefined ? undefined : `held-out ${formatFigure(heldOut)}`,
  ].filter((ending) => ending !== undefined);
  return {
    title,
    note:
      "Of each batch, in normalised units; training codes carry the ridge, those of validation and held-out rows do not. Lower is better.",
    summary: `${endings.join(", ")}, after ${
      formatCount(last.rowsSeen)
    } rows seen.`,
    keys,
    wide: true,
    svg: drawFvu(shown, checked, heldOut),
  };
}

function drawFvu(
  shown: readonly MetricsLine[],
  checked: readonly MetricsLine[],
  heldOut: number | undefined,
): string {
  const single = shown.length === 1;
  const series = (y: keyof MetricsLine, colour: number) =>
    single
      ? Plot.dot(shown, { x: "rowsSeen", y, fill: `var(--series-${colour})` })
      : Plot.lineY(shown, {
        x: "rowsSeen",
        y,
        stroke: `var(--series-${colour})`,
        strokeWidth: 1.75,
      });
  return drawPlot({
    height: 320,
    x: { label: "Rows seen", tickFormat: "~s", ticks: 8, nice: true },
    y: { label: "FVU", grid: true, nice: true },
    marks: [
      ...(heldOut === undefined ? [] : [
        Plot.ruleY([heldOut], {
          stroke: "var(--series-4)",
          strokeDasharray: "5,4",
          strokeWidth: 1.5,
        }),
      ]),
      series("codingFvu", 1),
      series("updatedFvu", 2),
      Plot.lineY(checked, {
        x: "rowsSeen",
        y: "validationFvu",
        stroke: "var(--series-3)",
        strokeWidth: 1.75,
      }),
      Plot.dot(checked, {
        x: "rowsSeen",
        y: "validationFvu",
        fill: "var(--series-3)",
        r: checked.length > 60 ? 1.5 : 2.5,
      }),
    ],
  }, true);
}

/** Atoms replaced over the rows seen, and those dead at the time. */
export function replacementChart(
  { lines, replacements, mostDead }: TrainingCourse,
): Chart {
  const title = "Atoms replaced";
  const total = replacements.reduce((sum, { replaced }) => sum + replaced, 0);
  if (total === 0) {
    return {
      title,
      summary: "",
      empty: lines.length === 0
        ? "This model came without a training log."
        : "No atom was replaced: none died, and no two came to point the same way.",
    };
  }
  const perBar = Math.ceil(replacements.length / MOST_BARS);
  return {
    title,
    note: `${
      formatCount(total)
    } in all; dead or near-duplicate atoms start again from the worst-represented rows.`,
    summary: `${formatCount(total)} replacements in all, at most ${
      formatCount(mostDead)
    } dead atoms at once.`,
    keys: [
      { series: 1, mark: "bar", name: "replaced" },
      { series: 2, name: "dead or duplicate at the time" },
    ],
    svg: drawPlot({
      x: { label: "Rows seen", tickFormat: "~s", ticks: 5 },
      y: { label: "Atoms", grid: true, nice: true },
      marks: [
        Plot.rectY(mergeReplacements(replacements, perBar), {
          x1: "from",
          x2: "to",
          y: "replaced",
          fill: "var(--series-1)",
          inset: 0.5,
        }),
        Plot.lineY(thin(lines, MOST_POINTS), {
          x: "rowsSeen",
          y: (line: MetricsLine) => line.deadAtoms + line.duplicates,
          stroke: "var(--series-2)",
        }),
        Plot.ruleY([0]),
      ],
    }),
  };
}

/** Where the device's time went. */
export function stageChart(
  { stages: times }: TrainingCourse,
  busy: number | undefined,
): Chart {
  const title = "Time by stage";
  const totals = [...times].map(([stage, milliseconds]) =>
    [stage, milliseconds / 1000] as const
  );
  const all = totals.reduce((sum, [, seconds]) => sum + seconds, 0);
  if (all === 0) {
    return { title, summary: "", empty: "No stage times were recorded." };
  }
  const stages = totals.map(([stage, seconds]) => ({
    stage,
    seconds,
    label: `${formatSeconds(seconds)} · ${formatShare(seconds / all)}`,
  })).sort((a, b) => b.seconds - a.seconds);
  return {
    title,
    note: `${formatSeconds(all)} in all iterations${
      busy === undefined
        ? "."
        : `; the device was busy ${formatShare(busy)} of the whole training.`
    }`,
    summary: stages.map(({ stage, label }) => `${stage} ${label}`).join(", "),
    svg: drawPlot({
      height: Math.max(120, 46 + 30 * stages.length),
      marginLeft: 96,
      marginRight: 104,
      marginTop: 8,
      x: { label: "Seconds", grid: true, ticks: 4, nice: true },
      y: {
        label: null,
        domain: stages.map(({ stage }) => stage),
        padding: 0.3,
      },
      marks: [
        Plot.barX(stages, {
          x: "seconds",
          y: "stage",
          fill: "var(--series-1)",
        }),
        Plot.text(stages, {
          x: "seconds",
          y: "stage",
          text: "label",
          textAnchor: "start",
          dx: 6,
        }),
        Plot.ruleX([0]),
      ],
    }),
  };
}

/** The share of the training's wall time that its GPU was busy; undefined for a CPU or where times are not known. */
export function busyShare(
  { config, course }: Pick<ReportData, "config" | "course">,
): number | undefined {
  if (config.device.kind !== "gpu" || !config.seconds) return undefined;
  if (course.iterations === 0) return undefined;
  return Math.min(1, course.milliseconds / 1000 / config.seconds);
}
