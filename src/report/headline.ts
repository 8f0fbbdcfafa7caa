import { mostNonzeros } from "../model/coder.ts";
import type { EvaluationData, ReportData } from "./data.ts";
import {
  escapeHtml,
  formatCount,
  formatFigure,
  formatSeconds,
  formatShare,
} from "./format.ts";
import { busyShare } from "./training_charts.ts";

/** A figure at the head of a report. */
export interface Figure {
  name: string;
  value: string;
  more?: string;
}

/** The few figures at the head of a report. */
export function headlineFigures(
  data: ReportData,
  evaluation: EvaluationData | undefined,
): string {
  const figures = [
    ...qualityFigures(data, evaluation),
    ...trainingFigures(data),
  ];
  return figuresHtml(figures);
}

/** Figures side by side. */
export function figuresHtml(figures: readonly Figure[]): string {
  return `<dl class="figures">${
    figures.map((figure) =>
      `<div${figure.name.endsWith("FVU") ? ' class="first"' : ""}>${
        figure.more === undefined
          ? ""
          : `<dd class="more">${escapeHtml(figure.more)}</dd>`
      }<dd class="value">${escapeHtml(figure.value)}</dd><dt>${
        escapeHtml(figure.name)
      }</dt></div>`
    ).join("")
  }</dl>`;
}

function qualityFigures(
  data: ReportData,
  evaluation: EvaluationData | undefined,
): Figure[] {
  const metrics = (evaluation?.metrics ?? {}) as Record<string, unknown>;
  const figures: Figure[] = [];
  const heldOut = evaluation?.rowsName === "held-out rows"
    ? metrics.fvu
    : data.config.heldOut?.fvu;
  if (isFigure(heldOut)) {
    const rows = formatCount(data.config.rows.heldOut);
    figures.push({
      name: "Held-out FVU",
      value: formatFigure(heldOut),
      more: `on ${rows} rows never trained on`,
    });
  }
  if (isFigure(metrics.fvu)) {
    if (metrics.fvu !== heldOut) {
      figures.push({
        name: "FVU",
        value: formatFigure(metrics.fvu),
        more: `on ${formatCount(evaluation!.rows)} rows: ${
          evaluation!.rowsName
        }`,
      });
    }
    figures.push({
      name: "Explained",
      value: formatShare(1 - (isFigure(heldOut) ? heldOut : metrics.fvu)),
      more: isFigure(heldOut)
        ? "of the held-out rows' variance"
        : "of the rows' variance",
    });
  }
  if (isFigure(metrics.l0)) {
    figures.push({
      name: "Nonzeros a row",
      value: formatFigure(metrics.l0, 3),
      more: `of at most ${mostOf(data, evaluation)}`,
    });
  }
  const dead = data.model.usage.reduce(
    (count, uses) => count + (uses === 0 ? 1 : 0),
    0,
  );
  figures.push({
    name: "Dead atoms",
    value: formatCount(dead),
    more: `of ${formatCount(data.model.atoms)}, over the last pass`,
  });
  if (data.coherence !== undefined && data.coherence.length > 1) {
    figures.push({
      name: "Coherence",
      value: formatFigure(
        data.coherence.reduce((a, b) => Math.max(a, b)),
        3,
      ),
      more: "largest |cosine| of two atoms",
    });
  }
  return figures;
}

// An evaluation may have been given other limits than the model's own.
function mostOf(
  { model }: ReportData,
  evaluation: EvaluationData | undefined,
): number {
  const { nonzeros } = evaluation ?? {};
  return nonzeros === undefined
    ? mostNonzeros(model.coder)
    : nonzeros.length - 1;
}

function trainingFigures(data: ReportData): Figure[] {
  const { config, course: { last } } = data;
  const figures: Figure[] = [];
  if (config.seconds !== undefined) {
    figures.push({
      name: "Training time",
      value: formatSeconds(config.seconds),
      ...(last === undefined ? {} : {
        more: `${formatCount(last.rowsSeen / config.seconds)} rows a second`,
      }),
    });
  }
  const busy = busyShare(data);
  if (busy !== undefined) {
    figures.push({
      name: "GPU busy",
      value: formatShare(busy),
      more: "of the training time",
    });
  }
  return figures;
}

// What no row defines is NaN, or null once it has been through JSON.
function isFigure(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
