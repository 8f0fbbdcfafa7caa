import { basename } from "node:path";
import { coderInWords } from "../model/coder.ts";
import { loadModel } from "../model/directory.ts";
import { type Chart, figureHtml } from "./chart.ts";
import { nonzeroChart, valueChart } from "./code_charts.ts";
import { courseOf } from "./course.ts";
import type { EvaluationData, ReportData } from "./data.ts";
import { coherenceChart, rankChart, usageChart } from "./dictionary_charts.ts";
import { formatCount, formatSeconds } from "./format.ts";
import { headlineFigures } from "./headline.ts";
import { keptProbe } from "./kept_probe.ts";
import { probeHtml } from "./probe_section.ts";
import { chartsHtml, pageHtml, section } from "./page.ts";
import {
  inputsTable,
  metricsTable,
  parametersTable,
  prefixTable,
} from "./tables.ts";
import {
  busyShare,
  fvuChart,
  replacementChart,
  stageChart,
} from "./training_charts.ts";
import { historyCharts, prefixChart } from "./version_charts.ts";

export { courseOf };

/**
 * A report of one dictionary and its training: a single HTML file that needs no network and no script, follows the
 * reader's light or dark setting, and prints.
 *
 * @param data the model with its records, and what was measured of it
 * @returns the file's text
 */
export function renderReport(data: ReportData): string {
  const evaluation = data.evaluation ?? heldOutEvaluation(data);
  const sections = [
    section("Training", chartsHtml(trainingCharts(data, evaluation))),
    section(
      "Dictionary and codes",
      chartsHtml(dictionaryCharts(data, evaluation)),
    ),
    nestedSection(evaluation),
    data.probe === undefined
      ? ""
      : section("What latents tell of classes", probeHtml(data.probe)),
    data.history === undefined || data.history.length === 0
      ? ""
      : section("Versions", chartsHtml(historyCharts(data.history))),
    evaluation === undefined
      ? ""
      : section(`Metrics on ${evaluation.rowsName}`, metricsTable(evaluation)),
    section(
      "Parameters and inputs",
      `<div class="tables">${parametersTable(data.config)}${
        inputsTable(data.config)
      }</div>`,
    ),
  ];
  return page(data, headlineFigures(data, evaluation), sections.join(""));
}

/**
 * The report of a model directory, from what it holds and what has been measured since.
 *
 * @param directory what `train` wrote
 * @param measured an evaluation, the coherence of every atom, a pipeline's versions, where there are any
 * @returns the text of `report.html`
 * @throws {DbksvdError} `data` where the directory is missing or damaged
 */
export async function reportForModel(
  directory: string,
  measured: Pick<ReportData, "evaluation" | "coherence" | "history"> = {},
): Promise<string> {
  const { model, config, metrics } = await loadModel(directory);
  const course = await courseOf(metrics);
  const name = basename(directory);
  const probe = await keptProbe(directory);
  return renderReport({ name, model, config, course, probe, ...measured });
}

/** The held-out figures that training recorded, where nothing newer was measured. */
function heldOutEvaluation(data: ReportData): EvaluationData | undefined {
  const { heldOut, rows } = data.config;
  if (heldOut === undefined) return undefined;
  return { rowsName: "held-out rows", rows: rows.heldOut, metrics: heldOut };
}

function trainingCharts(
  data: ReportData,
  evaluation: EvaluationData | undefined,
): Chart[] {
  const heldOut = data.config.heldOut?.fvu ??
    (evaluation?.rowsName === "held-out rows"
      ? numberOf(evaluation, "fvu")
      : undefined);
  return [
    fvuChart(data.course, heldOut),
    replacementChart(data.course),
    stageChart(data.course, busyShare(data)),
  ];
}

function dictionaryCharts(
  data: ReportData,
  evaluation: EvaluationData | undefined,
): Chart[] {
  const counted = evaluation?.usage === undefined || evaluation.rows === 0
    ? {
      usage: data.model.usage,
      rows: data.config.rows.training,
      name: "training rows",
    }
    : {
      usage: evaluation.usage,
      rows: evaluation.rows,
      name: evaluation.rowsName,
    };
  return [
    usageChart(counted.usage, counted.rows, counted.name),
    rankChart(counted.usage, counted.rows),
    coherenceChart(data.coherence),
    nonzeroChart(evaluation?.nonzeros, numberOf(evaluation, "l0")),
    valueChart(evaluation?.values),
  ];
}

function nestedSection(evaluation: EvaluationData | undefined): string {
  const prefixes = evaluation?.prefixes ?? [];
  if (prefixes.length < 2) return "";
  return section(
    "Nested dictionaries",
    `<div class="charts">${figureHtml(prefixChart(prefixes))}${
      prefixTable(prefixes)
    }</div>`,
  );
}

function numberOf(
  evaluation: EvaluationData | undefined,
  name: string,
): number | undefined {
  const value = (evaluation?.metrics as Record<string, unknown>)?.[name];
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : undefined;
}

function page(data: ReportData, figures: string, sections: string): string {
  const { model, config } = data;
  const words = [
    `${formatCount(model.atoms)} atoms × ${
      formatCount(model.width)
    } dimensions`,
    coderInWords(model),
    `${formatCount(config.rows.training)} training rows`,
    config.seconds === undefined
      ? config.device.name
      : `${formatSeconds(config.seconds)} on ${config.device.name}${
        config.device.software ? " (software)" : ""
      }`,
  ];
  return pageHtml({
    name: data.name,
    kind: "dictionary report",
    words,
    toolVersion: config.toolVersion,
    body: `${figures}\n${sections}`,
  });
}
