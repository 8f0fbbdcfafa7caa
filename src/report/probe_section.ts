import * as Plot from "@observablehq/plot";
import { type Chart, drawPlot, figureHtml } from "./chart.ts";
import { escapeHtml, formatCount, formatFigure } from "./format.ts";
import type { ProbeData } from "./data.ts";

/** Classes that the chart has room for. */
const MOST_CLASSES = 40;

/** What was probed for: a dot for every class and model or baseline, and the best latent of every class. */
export function probeHtml(probe: ProbeData): string {
  return `<div class="charts">${figureHtml(accuracyChart(probe))}</div>${
    latentTable(probe)
  }`;
}

/** How well few latents recognise each class, beside principal components and a dense probe. */
export function accuracyChart({ model, scores }: ProbeData): Chart {
  const ks = scores.filter((one) => one.model === model)
    .map(({ k }) => k ?? 0);
  const [least, most] = [Math.min(...ks), Math.max(...ks)];
  const latents = (k: number) => `${k} latent${k === 1 ? "" : "s"}`;
  const series = [
    { name: latents(least), of: model, k: least },
    ...(most > least ? [{ name: latents(most), of: model, k: most }] : []),
    { name: `PCA, ${least}`, of: "pca", k: least },
    { name: "dense probe", of: "dense", k: undefined },
  ];
  const classes = [
    ...new Set(scores.map((one) => `${one.label}: ${one.class}`)),
  ].slice(0, MOST_CLASSES);
  const dots = series.flatMap(({ of, k }, i) =>
    scores.filter((one) =>
      one.model === of && one.k === k &&
      classes.includes(`${one.label}: ${one.class}`)
    ).map((one) => ({
      class: `${one.label}: ${one.class}`,
      accuracy: one.accuracy,
      color: `var(--series-${i + 1})`,
    }))
  );
  const own = scores.filter((one) => one.model === model && one.k === least);
  return {
    title: "Classes recognised by few latents",
    note: "Balanced accuracy on rows of the test; 0.5 is chance.",
    summary: own.map((one) =>
      `${one.label} ${one.class} by ${latents(least)}: ${
        formatFigure(one.accuracy, 3)
      }`
    ).join(", "),
    keys: series.map(({ name }, i) => ({
      series: i + 1,
      name,
      mark: "dot" as const,
    })),
    svg: drawPlot({
      height: 60 + 22 * classes.length,
      marginLeft: 200,
      x: { label: "Accuracy", grid: true, domain: [0.45, 1] },
      y: { label: null, domain: classes, type: "point" },
      marks: [
        Plot.ruleX([0.5], { stroke: "var(--muted)" }),
        Plot.dot(dots, { x: "accuracy", y: "class", fill: "color", r: 4 }),
      ],
    }, true),
    wide: true,
  };
}

function latentTable({ model, best, rows, rowsName }: ProbeData): string {
  const lines = best.filter((one) => one.model === model).map((one) =>
    `<tr><th scope="row">${escapeHtml(`${one.label}: ${one.class}`)}</th>${
      [
        `${one.atom}${one.sign === "-" ? "−" : ""}`,
        ...[one.precision, one.recall, one.f1, one.density].map((value) =>
          formatFigure(value, 3)
        ),
      ].map((cell) => `<td class="number">${escapeHtml(cell)}</td>`).join("")
    }</tr>`
  );
  const head = ["Best latent", "Precision", "Recall", "F1", "Density"];
  return `<div class="scroll"><table><caption>The latent that tells each class best by whether it fires, on ${
    formatCount(rows)
  } rows: ${
    escapeHtml(rowsName)
  }</caption><thead><tr><th scope="col">Class</th>${
    head.map((one) => `<th scope="col" class="number">${one}</th>`).join("")
  }</tr></thead><tbody>${lines.join("")}</tbody></table></div>`;
}
