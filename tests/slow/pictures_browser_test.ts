import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { inspect } from "../../src/inspection/inspect.ts";
import { renderBrowser } from "../../src/report/browser.ts";
import type { BrowserData } from "../../src/report/data.ts";
import { serveBrowser } from "../../src/report/serve.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { DRAWN_WIDTH, writeDrawn } from "../inspection/drawn_pictures.ts";
import { makeModel } from "../model/models.ts";
import { turnTo, visiting } from "./chromium.ts";

const HOSTILE = "<img src=x onerror=globalThis.broken=1>";

/** What a look at drawn pictures finds; picture 3 is broken. */
async function lookedAt(folder: string): Promise<BrowserData> {
  const file = await writeDrawn(folder, 48);
  await Deno.writeTextFile(join(folder, "drawn", "3.jpg"), "no picture");
  const source = await openRows(file, { column: "vector" });
  const model = makeModel({ width: DRAWN_WIDTH, atoms: 8 });
  try {
    return await inspect(model, source, {
      ...{ device: "cpu", text: "caption", image: "path" },
      ...{ topRows: 48, imageSize: 48 },
    });
  } finally {
    await source.close();
  }
}

// Sizes of the pictures that are seen, once they are all there.
async function seen(page: Page, within: string): Promise<number[][]> {
  const pictures = page.locator(`${within} img`);
  await pictures.first().waitFor();
  await page.waitForFunction(
    (selector) =>
      [...document.querySelectorAll<HTMLImageElement>(selector)]
        .every(({ complete, naturalWidth }) => complete && naturalWidth > 0),
    `${within} img`,
  );
  return await pictures.evaluateAll((all) =>
    all.map((image) => {
      const { naturalWidth, clientWidth } = image as HTMLImageElement;
      return [naturalWidth, clientWidth];
    })
  );
}

// The row with the broken picture has a word in its place wherever it stands.
async function requirePictures(page: Page, data: BrowserData): Promise<void> {
  await page.waitForSelector("body[data-ready]");
  const strips = await seen(page, "#list");
  assert(strips.every(([own, drawn]) => own === 48 && drawn === 34));
  const atom = data.top.samples.findIndex((place) =>
    data.samples.rows[place] === 3
  );
  const { perLatent } = data.top;
  const number = Math.floor(atom / perLatent / data.sides);
  await turnTo(page, `#/atom/${number}`);
  const grid = await seen(page, ".pictures");
  assert(grid.every(([own, drawn]) => own === 48 && drawn > 80));
  await page.locator(".pictures .none").first().waitFor();
  const rows = await page.locator(".pictures:visible li").count();
  assert(rows > grid.length / 2);
  await page.locator(".pictures a:has(img)").first().click();
  await page.waitForSelector(".row-page");
  const [[own]] = await seen(page, ".row-page");
  assert.equal(own, 48);
  assert.equal(await page.evaluate("globalThis.broken"), undefined);
  const beyond = await page.evaluate(() =>
    document.documentElement.scrollWidth - innerWidth
  );
  assert(beyond <= 0, `${beyond} pixels too wide`);
}

Deno.test("atoms are grids of their pictures in the written page, which needs no file beside it, and asks for none", async () => {
  await inDirectory(async (folder) => {
    const data = await lookedAt(folder);
    const texts = data.samples.texts.map(() => HOSTILE);
    const page = join(folder, "atoms.html");
    const shown = { ...data, samples: { ...data.samples, texts } };
    await Deno.writeTextFile(page, renderBrowser(shown));
    await Deno.remove(join(folder, "drawn"), { recursive: true });
    const address = pathToFileURL(page).href;
    for (const screen of [{}, { dark: true }]) {
      await visiting(
        address,
        ({ page }) => requirePictures(page, shown),
        screen,
      );
    }
  });
});

Deno.test("the pictures are seen on a phone, and where the page is served", async () => {
  await inDirectory(async (folder) => {
    const data = await lookedAt(folder);
    const stop = new AbortController();
    const { promise: listening, resolve } = Promise.withResolvers<string>();
    const serving = serveBrowser(data, {
      port: 0,
      signal: stop.signal,
      onListen: resolve,
    });
    try {
      const address = await listening;
      const { uses } = data.table;
      const used = uses.indexOf(Math.max(...uses));
      await visiting(address, ({ page }) => requirePictures(page, data));
      await visiting(`${address}#/atom/${used}`, async ({ page }) => {
        const grid = await seen(page, ".pictures");
        assert(grid.every(([, drawn]) => drawn > 80 && drawn < 180));
        const beyond = await page.evaluate(() =>
          document.documentElement.scrollWidth - innerWidth
        );
        assert(beyond <= 0, `${beyond} pixels too wide`);
      }, { width: 390, height: 844 });
    } finally {
      stop.abort();
      await serving;
    }
  });
});
