import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import {
  escapeHtml,
  formatBytes,
  formatFigure,
  formatSeconds,
  formatShare,
} from "../../src/report/format.ts";

Deno.test("escapeHtml() gives text back unchanged from content and attributes", () => {
  // NUL and carriage returns are HTML's own affair: a parser replaces them.
  const text = fc.string({ unit: "binary" })
    .map((drawn) => drawn.replace(/[\0\r]/g, ""));
  fc.assert(fc.property(text, (text) => {
    const { document } = parseHTML(
      `<p title="${escapeHtml(text)}">x${escapeHtml(text)}</p>`,
    );
    const paragraph = document.querySelector("p")!;
    assert.equal(paragraph.children.length, 0);
    assert.equal(paragraph.textContent, `x${text}`);
    assert.equal(paragraph.getAttribute("title"), text);
  }));
});

Deno.test("formatFigure() keeps significant digits without needless zeros", () => {
  const shown = [0, 0.113449, 12.5, 123456, 3.2e-7, -0.5, 1e-4, NaN]
    .map((value) => formatFigure(value));
  assert.deepEqual(shown, [
    "0",
    "0.1134",
    "12.5",
    "123\u00a0456",
    "3.20e-7",
    "-0.5",
    "0.0001",
    "not a number",
  ]);
});

Deno.test("formatShare() never rounds something to nothing or nearly all to all", () => {
  const shown = [0, 0.00001, 0.0004, 0.123, 0.9999, 1].map(formatShare);
  assert.deepEqual(shown, [
    "0%",
    "under 0.01%",
    "0.04%",
    "12.3%",
    "over 99.9%",
    "100%",
  ]);
});

Deno.test("formatSeconds() picks the unit a reader would", () => {
  const shown = [0.0123, 0.9999, 41.23, 99.99, 725, 12_000].map(formatSeconds);
  assert.deepEqual(shown, [
    "12.3 ms",
    "1 s",
    "41.2 s",
    "1 min 40 s",
    "12 min 5 s",
    "3 h 20 min",
  ]);
});

Deno.test("formatBytes() picks the unit a reader would", () => {
  assert.deepEqual([912, 7_430_000, 999_999].map(formatBytes), [
    "912 B",
    "7.43 MB",
    "1 MB",
  ]);
});
