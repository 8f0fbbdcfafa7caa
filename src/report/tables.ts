import type { PrefixMetrics } from "../metrics/accumulator.ts";
import type { ModelConfig } from "../model/model.ts";
import type { EvaluationData } from "./data.ts";
import {
  escapeHtml,
  formatBytes,
  formatCount,
  formatFigure,
} from "./format.ts";
import { METRIC_NOTES, numericMetrics } from "./metric_notes.ts";

/** Every metric of an evaluation with what it means. */
export function metricsTable(evaluation: EvaluationData): string {
  const rows = numericMetrics(evaluation.metrics).map(([name, value]) =>
    `<tr><th scope="row"><code>${
      escapeHtml(name)
    }</code></th><td class="number">${
      escapeHtml(formatFigure(value, 5))
    }</td><td class="meaning">${escapeHtml(METRIC_NOTES[name] ?? "")}</td></tr>`
  );
  return `<div class="scroll"><table><thead><tr><th scope="col">Metric</th><th scope="col" class="number">Value</th><th scope="col">Meaning</th></tr></thead><tbody>${
    rows.join("")
  }</tbody></table></div>`;
}

/** The options of the training. */
export function parametersTable(config: ModelConfig): string {
  return pairsTable("Parameters", [
    ...Object.entries(config.parameters).map(([name, value]) =>
      [name, display(value)] as const
    ),
  ]);
}

function deviceName(
  { name, software }: Pick<ModelConfig["device"], "name" | "software">,
): string {
  return `${name}${software ? " (software driver)" : ""}`;
}

/** What it read, and what it ran on. */
export function inputsTable(config: ModelConfig): string {
  const inputs = config.inputs.map((input) =>
    `<tr><td>${escapeHtml(input.path)}</td><td class="number">${
      formatCount(input.rows)
    }</td><td class="number">${formatBytes(input.bytes)}</td></tr>`
  );
  const dropped = Object.entries(config.rows.dropped)
    .filter(([, rows]) => rows > 0)
    .map(([reason, rows]) =>
      [`dropped: ${reason}`, formatCount(rows)] as const
    );
  const { device, decoder } = config;
  return `<div><div class="scroll"><table><caption>Inputs</caption><thead><tr><th scope="col">File</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Size</th></tr></thead><tbody>${
    inputs.join("")
  }</tbody></table></div><br>${
    pairsTable("Rows and device", [
      ...(config.column === undefined
        ? []
        : [["column", config.column] as const]),
      ["rows read", formatCount(config.rows.read)],
      ["training rows", formatCount(config.rows.training)],
      ["held-out rows", formatCount(config.rows.heldOut)],
      ...dropped,
      ["device", deviceName(device)],
      ...(decoder === undefined
        ? []
        : [["decoder trained by", deviceName(decoder.device)] as const]),
      ...Object.entries(device.details).map(([name, value]) =>
        [name, display(value)] as const
      ),
    ])
  }</div>`;
}

/** The metrics of every prefix of a nested dictionary. */
export function prefixTable(prefixes: readonly PrefixMetrics[]): string {
  const rows = prefixes.map((prefix) =>
    `<tr><th scope="row">${formatCount(prefix.groups)}</th>${
      [
        formatCount(prefix.atoms),
        formatFigure(prefix.fvu),
        formatFigure(prefix.cosine_similarity),
        formatFigure(prefix.l0, 3),
      ].map((cell) => `<td class="number">${cell}</td>`).join("")
    }</tr>`
  );
  const heads = ["Atoms", "FVU", "Cosine", "L0"].map((head) =>
    `<th scope="col" class="number">${head}</th>`
  );
  return `<div class="scroll"><table><caption>By groups kept</caption><thead><tr><th scope="col">Groups</th>${
    heads.join("")
  }</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function pairsTable(
  caption: string,
  pairs: readonly (readonly [string, string])[],
): string {
  const rows = pairs.map(([name, value]) =>
    `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${
      escapeHtml(value)
    }</td></tr>`
  );
  return `<div class="scroll"><table><caption>${
    escapeHtml(caption)
  }</caption><tbody>${rows.join("")}</tbody></table></div>`;
}

function display(value: unknown): string {
  if (value === undefined || value === null) return "default";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}
