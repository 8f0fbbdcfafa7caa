import baseCss from "./base.css" with { type: "text" };
import { type Chart, figureHtml } from "./chart.ts";
import { escapeHtml } from "./format.ts";
import reportCss from "./report.css" with { type: "text" };

// No script, nothing fetched: what the page holds is all there is.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** What a report is made of. */
export interface PageParts {
  /** Its heading. */
  name: string;
  /** What follows the name in the title. */
  kind: string;
  /** What stands under the heading. */
  words: readonly string[];
  /** Version of the tool that wrote it. */
  toolVersion: string;
  /** The HTML between. */
  body: string;
}

/** A report as a file: needs no network and no script, follows the reader's light or dark setting, and prints. */
export function pageHtml(
  { name, kind, words, toolVersion, body }: PageParts,
): string {
  const title = escapeHtml(name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${kind}</title>
<style>${baseCss}${reportCss}</style>
</head>
<body>
<main>
<header><h1>${title}</h1><p>${escapeHtml(words.join(" · "))}</p></header>
${body}
<footer>Written by dbksvd ${escapeHtml(toolVersion)}.</footer>
</main>
</body>
</html>
`;
}

/** A part of a report, with its heading. */
export function section(title: string, body: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${body}</section>`;
}

/** Charts side by side. */
export function chartsHtml(charts: readonly Chart[]): string {
  return `<div class="charts">${charts.map(figureHtml).join("")}</div>`;
}
