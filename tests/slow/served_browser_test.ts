import assert from "node:assert/strict";
import { join } from "node:path";
import { serveBrowser, type ServeOptions } from "../../src/report/serve.ts";
import type { BrowserData } from "../../src/report/data.ts";
import { labelAtoms } from "../../src/use/labels.ts";
import { labelStore } from "../../src/use/label_store.ts";
import { loadModel, saveModel } from "../../src/model/directory.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { fixtureBrowser } from "../report/browser_fixture.ts";
import { statusIs, turnTo, type Visit, visiting } from "./chromium.ts";

async function served(
  data: BrowserData | Promise<BrowserData>,
  options: Partial<ServeOptions>,
  look: (visit: Visit) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const { promise: listening, resolve } = Promise.withResolvers<string>();
  const serving = serveBrowser(data, {
    port: 0,
    signal: stop.signal,
    onListen: resolve,
    ...options,
  });
  try {
    await visiting(await listening, look, { expected: ["labels"] });
  } finally {
    stop.abort();
    await serving;
  }
}

Deno.test("the atom browser works the same when served", async () => {
  await served(fixtureBrowser(), {}, async ({ page }) => {
    await page.waitForSelector("body[data-ready]");
    await turnTo(page, "#/atom/5");
    await page.waitForSelector(".atom-page mark");
    const name = { name: "ships & <i>seas</i>", exact: true };
    await page.getByRole("heading", name).waitFor();
    assert.equal(await page.locator(".naming").count(), 0, "only to be read");
  });
});

Deno.test("a served browser answers before the atoms are there, tells how far they are, and shows them by itself", async () => {
  const { promise, resolve } = Promise.withResolvers<BrowserData>();
  const progress = () => "40 of 100 rows are coded";
  await served(promise, { progress }, async ({ page }) => {
    await page.getByText("40 of 100 rows are coded").waitFor();
    resolve(fixtureBrowser());
    await page.waitForSelector("body[data-ready]");
  });
});

Deno.test("atoms are named in the served browser, names that another window changed are not overwritten, and files are imported", async () => {
  await inDirectory(async (folder) => {
    const model = makeModel({ width: 4, atoms: 64, labels: { "3": "waves" } });
    const directory = join(folder, "model");
    await saveModel(directory, model, CONFIG, []);
    const namesNow = async () => (await loadModel(directory)).model.labels;
    const labels = await labelStore(directory);
    await served(fixtureBrowser(), { labels }, async ({ page, complaints }) => {
      await page.waitForSelector("body[data-ready]");
      const save = async (name: string) => {
        await page.getByPlaceholder("Name this atom").fill(name);
        await page.getByRole("button", { name: "Save" }).click();
      };
      await turnTo(page, "#/atom/9");
      await save("harbours");
      await page.getByRole("heading", { name: "harbours" }).waitFor();
      assert.deepEqual(await namesNow(), { "3": "waves", "9": "harbours" });
      await page.fill("#search", "harbours");
      await statusIs(page, /^1 of/);

      await labelAtoms(directory, { "9": "ports" });
      const complaint = page.waitForEvent("console");
      await save("docks");
      await page.getByText("changed elsewhere meanwhile").waitFor();
      await complaint;
      assert.equal((await namesNow())!["9"], "ports");
      assert.match(complaints.pop()!, /409/);
      await save("docks");
      await page.getByRole("heading", { name: "docks" }).waitFor();
      assert.equal((await namesNow())!["9"], "docks");

      await turnTo(page, "#/");
      const names = join(folder, "names.json");
      await Deno.writeTextFile(names, '{"9": "no", "10": "storms"}');
      await page.getByLabel("Import names").setInputFiles(names);
      await page.getByText("Saved").waitFor();
      assert.deepEqual(await namesNow(), {
        "3": "waves",
        "9": "docks",
        "10": { label: "storms", source: "import" },
      });
    });
  });
});
