import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeHtml } from "./format.ts";

/** A key of a chart: a series' colour (1, 2, … of the style sheet) and its name. */
export interface ChartKey {
  series: number;
  name: string;
  /** How the mark looks: a line, a dashed line, a filled bar or a dot. */
  mark?: "line" | "dashed" | "bar" | "dot";
}

/** A chart with its words, ready to stand in a page. */
export interface Chart {
  title: string;
  /** One line on how to read it. */
  note?: string;
  /** What a screen reader says in place of the picture. */
  summary: string;
  keys?: readonly ChartKey[];
  /** The picture, or undefined where there is nothing to show. */
  svg?: string;
  /** What stands in place of a missing picture. */
  empty?: string;
  /** Takes both columns of the page. */
  wide?: boolean;
}

const WIDTH = 470;
const WIDE = 980;

// Typed by what Plot takes: a project that uses the library need not know a browser's types.
const { document } = parseHTML("<html><body></body></html>") as unknown as {
  document: NonNullable<Plot.PlotOptions["document"]>;
};

/**
 * Draws a plot to SVG text without a browser. Colours are custom properties of the page, so one picture serves light,
 * dark and print.
 */
export function drawPlot(options: Plot.PlotOptions, wide = false): string {
  const svg = Plot.plot({
    document,
    width: wide ? WIDE : WIDTH,
    height: 250,
    marginLeft: 52,
    marginRight: 18,
    marginTop: 26,
    marginBottom: 42,
    ...options,
  });
  svg.querySelector("style")?.remove();
  svg.setAttribute("font-size", "12");
  svg.setAttribute("font-family", "inherit");
  svg.setAttribute("aria-hidden", "true");
  svg.removeAttribute("height");
  svg.removeAttribute("width");
  return svg.outerHTML.replace(
    /-?\d+\.\d{3,}/g,
    (number: string) => String(Number(Number(number).toFixed(2))),
  );
}

/** The page's element for a chart. */
export function figureHtml(chart: Chart): string {
  const keys = (chart.keys ?? []).map((key) =>
    `<span class="key"><i class="mark-${
      key.mark ?? "line"
    } series-${key.series}"></i>${escapeHtml(key.name)}</span>`
  ).join("");
  const picture = chart.svg === undefined
    ? `<p class="empty">${escapeHtml(chart.empty ?? "Nothing to show.")}</p>`
    : `<div class="picture" role="img" aria-label="${
      escapeHtml(`${chart.title}. ${chart.summary}`)
    }">${chart.svg}</div>`;
  return `<figure class="chart${chart.wide ? " wide" : ""}"><figcaption><h3>${
    escapeHtml(chart.title)
  }</h3>${chart.note === undefined ? "" : `<p>${escapeHtml(chart.note)}</p>`}${
    keys === "" ? "" : `<div class="keys">${keys}</div>`
  }</figcaption>${picture}</figure>`;
}

/** At most `limit` items, evenly spread, always with the first and the last. */
export function thin<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return Array.from(
    { length: limit },
    (_, i) => items[Math.round(i * (items.length - 1) / (limit - 1))],
  );
}
