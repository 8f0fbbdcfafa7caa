import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { renderBrowser } from "../../src/report/browser.ts";
import type { BrowserData } from "../../src/report/data.ts";
import { fromFile, statusIs, turnTo } from "./chromium.ts";
import { fixtureBrowser } from "../report/browser_fixture.ts";
import { HOSTILE } from "../report/fixture.ts";

// One atom of tokens: its row is " cat" of "the cat sat", where "the" uses it half as strongly with the other sign.
function tokenBrowser(): BrowserData {
  const data = fixtureBrowser();
  const contexts = new Int8Array(data.top.samples.length * 17);
  const place = data.top.samples[0];
  contexts[8] = 63;
  contexts[7] = -32;
  const tokens = data.samples.texts.map((text) => [text]);
  tokens[place] = ["the", " cat", " sat"];
  const at = new Uint8Array(tokens.length);
  at[place] = 1;
  return {
    ...data,
    samples: { ...data.samples, tokens, at },
    top: { ...data.top, contexts },
  };
}

function browserOf(data: BrowserData, hash = "", screen = {}) {
  return (look: (page: Page) => Promise<void>) =>
    fromFile(renderBrowser(data), async ({ page }) => {
      await page.waitForSelector("body[data-ready]");
      await look(page);
      assert.equal(await page.evaluate("globalThis.broken"), undefined);
    }, { hash, ...screen });
}

// Atoms of the list that are in the page: the filters' choices are options, too.
function atomsListed(page: Page) {
  return page.locator("#list").getByRole("option");
}

// Waits until the map is drawn: with the next frame, pixels are more than its background.
async function drawnMap(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".map canvas")!;
    const { data } = canvas.getContext("2d")!
      .getImageData(0, 0, canvas.width, canvas.height);
    let ink = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) ink++;
    return ink > 1000;
  });
}

Deno.test("the atom browser draws a map and lists the atoms", async () => {
  await browserOf(fixtureBrowser())(async (page) => {
    await statusIs(page, /^64 atoms$/);
    await atomsListed(page).nth(11).waitFor();
    await drawnMap(page);
  });
});

Deno.test("the map names the atom under the pointer and opens it on a click", async () => {
  await browserOf(fixtureBrowser(), "#/map/9")(async (page) => {
    await drawnMap(page);
    const box = (await page.locator(".map canvas").boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.locator(".tip", { hasText: /^9\D/ }).waitFor();
    await page.mouse.down();
    await page.mouse.move(x + 120, y + 60, { steps: 4 });
    await page.mouse.up();
    assert.equal(new URL(page.url()).hash, "#/map/9");
    await page.mouse.click(x + 120, y + 60);
    await page.getByText("Atom 9 of 64").waitFor();
  });
});

Deno.test("the atom browser finds atoms by text, and opens the best on Enter", async () => {
  await browserOf(fixtureBrowser())(async (page) => {
    await page.keyboard.press("/");
    await page.keyboard.type("seas");
    await statusIs(page, /^1 of 64 atoms$/);
    await page.keyboard.press("Enter");
    const name = { name: "ships & <i>seas</i>", exact: true };
    await page.getByRole("heading", name).waitFor();
    await page.fill("#search", "no such text");
    await page.getByText("No atom matches").waitFor();
  });
});

Deno.test("the atom browser shows an atom's rows, neighbours and histogram, and leads to both", async () => {
  await browserOf(fixtureBrowser(), "#/atom/9")(async (page) => {
    const { uses } = fixtureBrowser().table.latents;
    assert.equal(
      await page.locator("section ol mark").count(),
      Math.min(6, uses[2 * 9]) + Math.min(6, uses[2 * 9 + 1]),
    );
    await page.locator("details.spread summary").first().click();
    await page.locator("details.spread mark").first().waitFor();
    await page.getByText("Fires together with").waitFor();
    assert(await page.locator("svg.histogram rect").count() > 0);
    await page.locator('ul a[href="#/atom/10"]').click();
    await page.getByText("Atom 10 of 64").waitFor();
    await page.locator("ol a").first().click();
    await page.locator(".segments a").nth(3).waitFor();
    const widths = await page.locator(".segments a").evaluateAll((parts) =>
      parts.map((part) => part.getBoundingClientRect().width)
    );
    assert.equal(widths.length, 4);
    assert.deepEqual(widths, widths.toSorted((a, b) => b - a));
    await page.goBack();
    await page.getByText("Atom 10 of 64").waitFor();
  });
});

Deno.test("the atom browser marks every token of a context by its own activation, and no other", async () => {
  await browserOf(tokenBrowser(), "#/atom/0")(async (page) => {
    const first = page.locator("section ol li").first();
    assert.equal(await first.locator(".tokens").textContent(), "the cat sat");
    const marks = await first.locator("mark").evaluateAll((found) =>
      found.map((mark) => [mark.textContent, mark.className])
    );
    assert.deepEqual(marks, [["the", "negative"], [" cat", "positive own"]]);
    const strengths = await first.locator("mark").evaluateAll((found) =>
      found.map((mark) =>
        Number((mark as HTMLElement).style.getPropertyValue("--strength"))
      )
    );
    assert(strengths[1] > strengths[0]);
  });
});

Deno.test("the atom browser is worked by keys alone", async () => {
  await browserOf(fixtureBrowser())(async (page) => {
    await page.keyboard.press("/");
    await page.keyboard.press("ArrowDown");
    const list = page.locator("#list");
    const active = async (than = "") => {
      await page.waitForFunction(
        (before) => {
          const list = document.getElementById("list")!;
          const id = list.getAttribute("aria-activedescendant");
          return id !== null && id !== before;
        },
        than,
      );
      return (await list.getAttribute("aria-activedescendant"))!;
    };
    const first = await active();
    assert.match(first, /^atom-option-\d+$/);
    await page.keyboard.press("ArrowDown");
    await active(first);
    await page.keyboard.press("End");
    const last = page.locator('[aria-posinset="64"]');
    await last.waitFor();
    const id = await last.getAttribute("id");
    await page.locator(`#list[aria-activedescendant="${id}"]`).waitFor();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".atom-page");
    const before = await page.textContent(".kicker");
    await page.keyboard.press("j");
    await page.waitForFunction(
      (text) => document.querySelector(".kicker")!.textContent !== text,
      before,
    );
    await page.keyboard.press("k");
    await page.waitForFunction(
      (text) => document.querySelector(".kicker")!.textContent === text,
      before,
    );
    await page.keyboard.press("m");
    await page.waitForSelector(".map canvas");
  });
});

Deno.test("the atom browser tells assistive software what is what", async () => {
  await browserOf(fixtureBrowser(), "#/atom/5")(async (page) => {
    const list = page.getByRole("listbox", { name: "Atoms" });
    const chosen = list.getByRole("option", { selected: true });
    assert.equal(await chosen.getAttribute("aria-setsize"), "64");
    assert.match((await chosen.textContent())!, /ships & <i>seas<\/i>/);
    assert(
      await page.getByRole("searchbox", { name: "Search atoms" }).isVisible(),
    );
    assert.equal(await page.getByRole("heading", { level: 2 }).count(), 1);
    const picture = page.getByRole("img", { name: /Values from .+ to/ });
    await picture.waitFor();
  });
});

Deno.test("the atom browser filters by usage, and clears its filters", async () => {
  await browserOf(fixtureBrowser())(async (page) => {
    await page.getByText("Filters", { exact: true }).click();
    await page.getByLabel("Used by at most").fill("0");
    await statusIs(page, /^1 of 64 atoms$/);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await statusIs(page, /^64 atoms$/);
  });
});

Deno.test("the atom browser runs nothing that rows and labels hold", async () => {
  const data = fixtureBrowser();
  data.name = HOSTILE;
  data.table.labels = { "9": HOSTILE };
  data.samples.texts = data.samples.texts.map(() => HOSTILE);
  data.samples.before = data.samples.after = data.samples.texts;
  await browserOf(data)(async (page) => {
    for (const hash of ["#/atom/9", "#/atom/10", "#/row/10", `#/${HOSTILE}`]) {
      await turnTo(page, hash);
      await page.waitForSelector("#view h2");
    }
    await turnTo(page, "#/row/10");
    await page.waitForSelector(".row-page");
    assert.equal(await page.locator(".whole-text b").textContent(), HOSTILE);
    assert.equal(await page.locator("#view script, #view img").count(), 0);
  });
});

Deno.test("the atom browser fits a narrow screen, in the dark", async () => {
  const screen = { width: 390, height: 800, dark: true };
  await browserOf(fixtureBrowser(), "#/atom/9", screen)(async (page) => {
    const beyond = await page.evaluate(() =>
      document.documentElement.scrollWidth - innerWidth
    );
    assert(beyond <= 0);
    await page.locator("ol mark").first().waitFor();
    await page.locator("h1 a").click();
    await page.getByRole("searchbox").waitFor();
  });
});

Deno.test("the atom browser opens 16 384 atoms of 20 rows with few elements", async () => {
  const data = fixtureBrowser({ atoms: 16_384, perAtom: 20, sparsity: 20 });
  await browserOf(data)(async (page) => {
    await statusIs(page, /^16\u00a0384 atoms$/);
    assert(await atomsListed(page).count() < 60);
    await page.locator("#list").focus();
    await page.keyboard.press("End");
    await page.locator('[aria-posinset="16384"]').waitFor();
    await page.fill("#search", "harbour");
    await statusIs(page, /^[1-9]\d* of 16\u00a0384 atoms$/);
    await atomsListed(page).first().waitFor();
  });
});
