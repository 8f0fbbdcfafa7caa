import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { parseHTML } from "linkedom";
import { saveModel } from "../../src/model/directory.ts";
import { courseOf } from "../../src/report/course.ts";
import { renderReport, reportForModel } from "../../src/report/report.ts";
import { inDirectory } from "../directories.ts";
import {
  fixtureLines,
  fixtureModel,
  fixtureReport,
  HOSTILE,
} from "./fixture.ts";

const THREE_MEGABYTES = 3e6;

function pageOf(html: string) {
  return parseHTML(html).document;
}

function figureNamed(html: string, title: string) {
  const found = [...pageOf(html).querySelectorAll("figure")]
    .find((figure) => figure.querySelector("h3")?.textContent === title);
  assert(found, `no chart is called ${title}`);
  return found;
}

Deno.test("renderReport() draws every chart with marks and words", async () => {
  const figures = [
    ...pageOf(renderReport(await fixtureReport())).querySelectorAll("figure"),
  ];
  assert.deepEqual(
    figures.map((figure) => figure.querySelector("h3")!.textContent),
    [
      "Fraction of variance unexplained",
      "Atoms replaced",
      "Time by stage",
      "Atom usage",
      "Usage by rank",
      "Coherence",
      "Nonzeros a row",
      "Code values",
      "Nested dictionaries",
      "FVU over versions",
      "Drift over versions",
    ],
  );
  for (const figure of figures) {
    const title = figure.querySelector("h3")!.textContent;
    const marks = figure.querySelectorAll(
      '[aria-label="line"] path, [aria-label="rect"] rect, [aria-label="bar"] rect, [aria-label="dot"] circle',
    );
    assert(marks.length > 0, `${title} has no marks`);
    const words = figure.querySelector('[role="img"]')!.getAttribute(
      "aria-label",
    )!;
    assert.match(words, /\d/, `${title} says no figure to a screen reader`);
  }
});

Deno.test("renderReport() heads the page with the held-out FVU and what was spent", async () => {
  const heads = pageOf(renderReport(await fixtureReport()))
    .querySelector(".figures")!.textContent!;
  for (const words of ["0.1534", "84.7%", "of 512", "14.2 s", "88.7%"]) {
    assert(heads.includes(words), `${words} is not among ${heads}`);
  }
});

Deno.test("renderReport() heads the page with the limit that the rows were coded under", async () => {
  const data = await fixtureReport();
  data.evaluation = {
    ...data.evaluation!,
    metrics: { ...data.evaluation!.metrics, l0: 5 },
    nonzeros: new Uint32Array(14).fill(7),
  };
  const heads = pageOf(renderReport(data)).querySelector(".figures")!;
  assert.match(heads.textContent!, /of at most 13/);
});

Deno.test("renderReport() keeps the held-out FVU beside that of other rows", async () => {
  const data = await fixtureReport();
  data.evaluation = {
    rowsName: "new.parquet",
    rows: 77,
    metrics: { fvu: 0.4321 },
  };
  const page = pageOf(renderReport(data));
  const heads = page.querySelector(".figures")!.textContent!;
  for (const words of ["0.1534", "0.4321", "77 rows: new.parquet"]) {
    assert(heads.includes(words), `${words} is not among ${heads}`);
  }
  const titles = [...page.querySelectorAll("h2")].map((h) => h.textContent);
  assert(titles.includes("Metrics on new.parquet"));
});

Deno.test("renderReport() plots validation and held-out FVU beside the training's", async () => {
  const figure = figureNamed(
    renderReport(await fixtureReport()),
    "Fraction of variance unexplained",
  );
  assert.equal(figure.querySelectorAll('[aria-label="line"] path').length, 3);
  assert.equal(figure.querySelectorAll('[aria-label="dot"] circle').length, 12);
  assert.match(figure.textContent!, /held-out rows, at the end: 0\.1534/);
});

Deno.test("renderReport() counts each atom once in the usage histogram, dead ones in words", async () => {
  const data = await fixtureReport();
  const usage = Uint32Array.from({ length: 100 }, (_, i) => i < 40 ? 0 : 90);
  data.model = { ...data.model, usage, atoms: 100 };
  const figure = figureNamed(renderReport(data), "Atom usage");
  assert.match(figure.textContent!, /40 of 100 atoms are dead/);
  const heights = [...figure.querySelectorAll('[aria-label="rect"] rect')]
    .map((bar) => Number(bar.getAttribute("height")));
  assert.equal(heights.filter((height) => height > 0).length, 1);
});

Deno.test("renderReport() says what is missing where nothing was measured", async () => {
  const { config, model, name } = await fixtureReport();
  const html = renderReport({
    name,
    model: { ...model, usage: new Uint32Array(model.atoms) },
    config: { ...config, heldOut: undefined, seconds: undefined },
    course: await courseOf([]),
  });
  const figures = [...pageOf(html).querySelectorAll("figure")];
  assert.equal(figures.length, 8);
  for (const figure of figures) {
    assert.match(figure.querySelector(".empty")!.textContent!, /\w{3,}/);
  }
  assert.doesNotMatch(html, /NaN|undefined|Infinity/);
});

Deno.test("renderReport() draws a training of one iteration, and values that are not numbers", async () => {
  const data = await fixtureReport({ iterations: 1 });
  data.evaluation!.metrics = { fvu: NaN, l0: 0, coherence_by_atom: {} };
  const html = renderReport(data);
  assert.doesNotMatch(html, /NaN|undefined|\[object/);
});

Deno.test("renderReport() fetches nothing and runs nothing", async () => {
  const html = renderReport(await fixtureReport());
  const { head, body } = pageOf(html);
  assert.equal(
    body.querySelectorAll("script, iframe, object, link, img").length,
    0,
  );
  assert.equal(head.querySelectorAll("script, link").length, 0);
  assert.doesNotMatch(html, /(src|href)=|url\(|@import/);
  assert.match(
    head.querySelector('meta[http-equiv="Content-Security-Policy"]')!
      .getAttribute("content")!,
    /default-src 'none'/,
  );
});

Deno.test("renderReport() shows names, paths and parameters as text, whatever they hold", async () => {
  const data = await fixtureReport({ name: HOSTILE });
  data.config.inputs = [{ path: HOSTILE, rows: 1, bytes: 1 }];
  data.config.parameters = { [HOSTILE]: HOSTILE, nested: [HOSTILE] };
  data.config.column = HOSTILE;
  data.config.toolVersion = HOSTILE;
  data.config.device.name = HOSTILE;
  data.config.device.details = { [HOSTILE]: HOSTILE };
  data.config.rows.dropped = { [HOSTILE]: 3 };
  data.evaluation!.rowsName = HOSTILE;
  const [line] = fixtureLines(1);
  data.course = await courseOf([{ ...line, stages: { [HOSTILE]: 1 } }]);
  (data.evaluation!.metrics as Record<string, number>)[HOSTILE] = 1;
  const html = renderReport(data);
  assert.doesNotMatch(html, /<script|<img|<!--|-->/i);
  const visible = pageOf(html).querySelector("h1")!.textContent!;
  assert.match(visible, /<script>globalThis\.broken = 1<\/script>/);
});

Deno.test("renderReport() stays under 3 MB for 16 384 atoms and a long training", async () => {
  const html = renderReport(
    await fixtureReport({ atoms: 16_384, width: 4, iterations: 20_000 }),
  );
  assert(html.length < THREE_MEGABYTES, `${html.length} characters`);
});

Deno.test("reportForModel() reports a model directory with what training recorded", () =>
  inDirectory(async (directory) => {
    const { config } = await fixtureReport();
    const out = join(directory, "words");
    await saveModel(out, fixtureModel(64, 8), config, fixtureLines(60));
    const html = await reportForModel(out);
    assert.equal(pageOf(html).querySelector("h1")!.textContent, basename(out));
    assert.match(html, /0\.1534/);
    const coherence = new Float32Array(64).fill(0.25);
    const measured = await reportForModel(out, { coherence });
    assert(figureNamed(measured, "Coherence").querySelector("svg"));
  }));

Deno.test("renderReport() says what trained the decoder, where something did", async () => {
  const data = await fixtureReport();
  const rowOf = (html: string) =>
    [...pageOf(html).querySelectorAll("tr")]
      .find(({ textContent }) => textContent!.includes("decoder trained by"));
  assert.equal(rowOf(renderReport(data)), undefined);
  const device = { kind: "cpu", name: "A processor", software: false };
  const config = { ...data.config, decoder: { device } };
  const row = rowOf(renderReport({ ...data, config }));
  assert.match(row!.textContent!, /A processor/);
});
