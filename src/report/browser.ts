import { createHash } from "node:crypto";
import baseCss from "./base.css" with { type: "text" };
import listCss from "./browser.css" with { type: "text" };
import logitsCss from "./browser_logits.css" with { type: "text" };
import mapCss from "./browser_map.css" with { type: "text" };
import picturesCss from "./browser_pictures.css" with { type: "text" };
import pagesCss from "./browser_pages.css" with { type: "text" };
import screensCss from "./browser_screens.css" with { type: "text" };
import { browserParts } from "./browser_parts.ts";
import { clientScript } from "./client_script.ts";
import type { BrowserData } from "./data.ts";
import { escapeHtml } from "./format.ts";

/** A rendered browser: the page, and the content policy that allows its one script and style and nothing else. */
export interface BrowserPage {
  html: string;
  policy: string;
}

/**
 * The atom browser: a single HTML file that works from the file system, with the data inside, packed.
 *
 * @param data the atoms, and the rows that use them most, as `inspect` finds them
 * @returns the file's text
 *
 * @example
 * ```ts
 * import { inspect, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import { renderBrowser } from "@dbksvd/dbksvd/report";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const html = renderBrowser(await inspect(model, source, { device: "cpu", name: "waves" }));
 * assert.match(html, /^<!doctype html>/);
 * ```
 */
export function renderBrowser(data: BrowserData): string {
  return browserPage(data).html;
}

/**
 * The same with the policy that a server sends along.
 *
 * @param data as {@linkcode renderBrowser} takes it
 * @param token what the served page shows when it changes names; a page without one changes none
 */
export function browserPage(data: BrowserData, token?: string): BrowserPage {
  const script = clientScript();
  const style = [
    ...[baseCss, listCss, pagesCss, mapCss, logitsCss, picturesCss, screensCss],
  ].join("");
  const policy = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    // Pictures are made of what the page itself holds.
    ...data.pictures === undefined ? [] : ["img-src blob:"],
    "base-uri 'none'",
    "form-action 'none'",
    ...token === undefined ? [] : ["connect-src 'self'"],
  ].join("; ");
  const parts = Object.entries(browserParts(data)).map(([name, text]) =>
    `<script type="application/octet-stream" id="part-${name}">${text}</script>`
  );
  const name = escapeHtml(data.name);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Atoms · ${name}</title>
<style>${style}</style>
</head>
<body data-name="${name}" data-page="home"${
    token === undefined ? "" : ` data-token="${token}"`
  }>
<nav aria-label="Atoms">
<h1><a href="#/">${name}</a></h1>
<div id="filters"></div>
<p id="status" role="status">Opening…</p>
<div id="list" role="listbox" tabindex="0" aria-label="Atoms"></div>
<p id="nothing" class="empty" hidden>No atom matches. Try fewer words or wider filters.</p>
</nav>
<main id="view"><noscript><p>This page needs JavaScript; it loads nothing from elsewhere.</p></noscript></main>
${parts.join("\n")}
<script>${script}</script>
</body>
</html>
`;
  return { html, policy };
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
