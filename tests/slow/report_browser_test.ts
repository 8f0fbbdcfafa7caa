import assert from "node:assert/strict";
import { renderReport } from "../../src/report/report.ts";
import { fromFile } from "./chromium.ts";
import { fixtureReport, HOSTILE } from "../report/fixture.ts";

Deno.test("report.html draws charts with visible marks, light, dark and narrow", async () => {
  for (const screen of [{}, { dark: true }, { width: 390 }]) {
    await fromFile(renderReport(await fixtureReport()), async ({ page }) => {
      const boxes = await page.locator("figure svg").evaluateAll((charts) =>
        charts.map((chart) => {
          const marks = [...chart.querySelectorAll("path, rect, circle")]
            .map((mark) => mark.getBoundingClientRect());
          return {
            width: chart.getBoundingClientRect().width,
            marks: marks.filter(({ width, height }) =>
              width + height > 2
            ).length,
          };
        })
      );
      assert.equal(boxes.length, 11);
      for (const { width, marks } of boxes) assert(width > 200 && marks > 0);
      const beyond = await page.evaluate(() =>
        document.documentElement.scrollWidth - innerWidth
      );
      assert(beyond <= 0, `${beyond} pixels too wide`);
    }, screen);
  }
});

Deno.test("report.html takes its colours from the reader's setting", async () => {
  const colours: string[] = [];
  for (const dark of [false, true]) {
    await fromFile(renderReport(await fixtureReport()), async ({ page }) => {
      colours.push(
        ...await page.evaluate(() => [
          getComputedStyle(document.body).backgroundColor,
          getComputedStyle(document.querySelector("figure rect")!).fill,
        ]),
      );
    }, { dark });
  }
  assert.equal(new Set(colours).size, 4);
});

Deno.test("report.html prints onto white paper", async () => {
  await fromFile(renderReport(await fixtureReport()), async ({ page }) => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const paper = await page.evaluate(() =>
      getComputedStyle(document.body).backgroundColor
    );
    assert.equal(paper, "rgb(255, 255, 255)");
    assert((await page.pdf({ format: "A4" })).length > 10_000);
  });
});

Deno.test("report.html runs nothing that names and paths hold", async () => {
  const data = await fixtureReport({ name: HOSTILE });
  data.config.inputs[0].path = HOSTILE;
  await fromFile(renderReport(data), async ({ page }) => {
    assert.equal(await page.evaluate("globalThis.broken"), undefined);
    assert.equal(await page.locator("script, img").count(), 0);
  });
});
