import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { renderBrowser } from "../../src/report/browser.ts";
import type { AtomLogits, BrowserData } from "../../src/report/data.ts";
import { inDirectory } from "../directories.ts";
import { fixtureBrowser } from "../report/browser_fixture.ts";
import { visiting } from "./chromium.ts";

const HOSTILE = "<img src=x onerror=globalThis.broken=1>";

// Atom 3 promotes " rain", suppresses a hostile text; the others have no tokens.
function withLogits(): BrowserData {
  const data = fixtureBrowser();
  const end = (slots: [number, number][]) => {
    const tokens = new Uint32Array(2 * data.atoms).fill(EMPTY_SLOT);
    const logits = new Float32Array(2 * data.atoms);
    slots.forEach(([token, logit], i) => {
      tokens[6 + i] = token;
      logits[6 + i] = logit;
    });
    return { tokens, logits };
  };
  const logits: AtomLogits = {
    count: 2,
    promoted: end([[0, 2.5], [1, 2]]),
    suppressed: end([[2, -3]]),
    ids: Uint32Array.of(5, 6, 7),
    texts: [" rain", "\n", HOSTILE],
    unembedding: {
      path: "lm",
      tensor: "lm_head.weight",
      norm: "1 + norm.weight",
      vocabulary: 9,
    },
  };
  return { ...data, logits };
}

Deno.test("an atom's page shows the tokens that it promotes and suppresses, of both signs", async () => {
  await inDirectory(async (folder) => {
    const file = join(folder, "page.html");
    await Deno.writeTextFile(file, renderBrowser(withLogits()));
    for (const screen of [{}, { width: 390 }, { dark: true }]) {
      const address = `${pathToFileURL(file).href}#/atom/3`;
      await visiting(address, async ({ page }) => {
        await page.waitForSelector(".ends");
        const ends = await page.locator(".ends > div").evaluateAll((lists) =>
          lists.map((list) =>
            [...list.querySelectorAll("h4, .token, .value")]
              .map(({ textContent }) => textContent)
          )
        );
        const positive = [
          ["Promotes", " rain", "2.5", "⏎", "2"],
          ["Suppresses", HOSTILE, "−3"],
        ];
        const negative = [
          ["Promotes", HOSTILE, "3"],
          ["Suppresses", " rain", "−2.5", "⏎", "−2"],
        ];
        const first = await page.locator("h3", { hasText: "Logits" })
          .textContent();
        assert.deepEqual(
          ends,
          /positive/.test(first!)
            ? [...positive, ...negative]
            : [...negative, ...positive],
        );
        await page.getByText("1 + norm.weight folded in").waitFor();
        assert.equal(await page.evaluate("globalThis.broken"), undefined);
        const beyond = await page.evaluate(() =>
          document.documentElement.scrollWidth - innerWidth
        );
        assert(beyond <= 0, `${beyond} pixels too wide`);
      }, screen);
    }
  });
});
