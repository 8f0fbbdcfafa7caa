import { basename } from "node:path";
import type { SweepEntry, SweepResult } from "../metrics/sweep_result.ts";
import { valueWord } from "../text.ts";
import { TOOL_VERSION } from "../version.ts";
import {
  escapeHtml,
  formatCount,
  formatFigure,
  formatSeconds,
} from "./format.ts";
import { type Figure, figuresHtml } from "./headline.ts";
import { chartsHtml, pageHtml, section } from "./page.ts";
import { sweepCharts } from "./sweep_charts.ts";

/**
 * The page of a sweep: its trainings as points, those that no other beats, and a table that leads to the reports of
 * the models.
 *
 * @param directory where the models are; the page is for a file in it
 * @param result what the sweep came to
 * @returns the text of `report.html`
 */
export function renderSweep(directory: string, result: SweepResult): string {
  const { runs, rows, device, seconds } = result;
  const columns = [...new Set(runs.map(({ column }) => column))];
  return pageHtml({
    name: basename(directory),
    kind: "sweep",
    words: [
      `${formatCount(runs.length)} trainings`,
      `${formatCount(rows)} rows`,
      `${formatSeconds(seconds)} on ${device.name}${
        device.software ? " (software)" : ""
      }`,
    ],
    toolVersion: TOOL_VERSION,
    body: figuresHtml(headline(runs)) + columns.map((column) => {
      const own = runs.filter((run) => run.column === column);
      const title = (words: string) =>
        column === undefined ? words : `${words}: ${column}`;
      return section(title("Front"), chartsHtml(sweepCharts(own))) +
        section(title("Trainings"), runTable(own));
    }).join(""),
  });
}

function headline(runs: readonly SweepEntry[]): Figure[] {
  const best = runs.reduce((a, b) => b.fvu < a.fvu ? b : a);
  const figures: Figure[] = [{
    name: "Lowest FVU",
    value: formatFigure(best.fvu),
    more: sizeOf(best),
  }];
  const probed = runs.filter(({ accuracy }) => accuracy !== undefined);
  if (probed.length > 0) {
    const least = leastLatents(probed[0]);
    const of = (run: SweepEntry) => run.accuracy![least];
    const telling = probed.reduce((a, b) => of(b) > of(a) ? b : a);
    figures.push({
      name: "Best accuracy",
      value: formatFigure(of(telling), 3),
      more: `${latents(least)}: ${sizeOf(telling)}`,
    });
  }
  figures.push({
    name: "On the front",
    value: formatCount(runs.filter(({ front }) => front).length),
    more: `of ${formatCount(runs.length)} trainings`,
  });
  return figures;
}

function sizeOf({ column, atoms, sparsity, options = {} }: SweepEntry): string {
  return [
    ...column === undefined ? [] : [column],
    `${formatCount(atoms)} atoms`,
    `${sparsity} nonzeros`,
    ...Object.entries(options).map(([name, value]) =>
      `${name} ${valueWord(value)}`
    ),
  ].join(", ");
}

function leastLatents({ accuracy }: SweepEntry): string {
  return Object.keys(accuracy!)[0];
}

function latents(k: string): string {
  return `by ${k} latent${k === "1" ? "" : "s"}`;
}

function runTable(runs: readonly SweepEntry[]): string {
  const options = Object.keys(runs[0].options ?? {});
  const probes = Object.keys(runs[0].accuracy ?? {});
  const accuracy = probes.length > 0 ? ["accuracy"] : [];
  const head = [
    "Atoms",
    "Nonzeros",
    ...options,
    "Held-out FVU",
    "On training rows",
    "L0",
    "Dead atoms",
    "Dense atoms",
    ...probes.map((k) => `Accuracy ${latents(k)}`),
    "Time",
  ];
  const lines = runs.map((run) => {
    const cells = [
      formatCount(run.atoms),
      formatCount(run.sparsity),
      ...options.map((name) => valueWord(run.options?.[name])),
      run.fvu.toFixed(4),
      run.trainingFvu.toFixed(4),
      formatFigure(run.l0, 3),
      formatCount(run.deadAtoms),
      formatCount(run.denseAtoms),
      ...probes.map((k) => (run.accuracy?.[k] ?? NaN).toFixed(3)),
      formatSeconds(run.seconds),
    ];
    return `<tr><td class="whole">${run.front ? "front" : ""}</td>${
      cells.map((cell) => `<td class="number">${escapeHtml(cell)}</td>`)
        .join("")
    }<td class="whole">${modelLink(run)}</td></tr>`;
  });
  const beaten = ["FVU", "nonzeros", "atoms", ...accuracy].join(", ");
  return `<p class="note">On the front: no other training is as good in all of ${beaten}, and better in one of them. Dense atoms are used by more than a tenth of the rows.</p><div class="scroll"><table><thead><tr><th scope="col"></th>${
    head.map((name) =>
      `<th scope="col" class="number">${escapeHtml(name)}</th>`
    )
      .join("")
  }<th scope="col">Model</th></tr></thead><tbody>${
    lines.join("")
  }</tbody></table></div>`;
}

function modelLink({ model }: SweepEntry): string {
  if (model === undefined) return "";
  const name = basename(model);
  return `<a href="${encodeURIComponent(name)}/report.html">${
    escapeHtml(name)
  }</a>`;
}
