import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
const SWITCHES = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** What does not come within this time on a busy machine does not come. */
const LONGEST_MS = 120_000;

/** A page that is open. */
export interface Visit {
  page: Page;
  /** Everything the page complained of, and every request beyond the page itself. */
  complaints: string[];
}

/** Opens an address in Chromium; the page may complain of nothing, and ask for nothing but what is expected of it. */
export async function visiting(
  address: string,
  look: (visit: Visit) => Promise<void>,
  { width = 1300, height = 900, dark = false, expected = [] as string[] } = {},
) {
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: SWITCHES,
  });
  try {
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
    });
    page.setDefaultTimeout(LONGEST_MS);
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      const [own] = address.split("#");
      const url = request.url().split("#")[0];
      // What a page makes of what it holds itself is no request.
      if (url.startsWith("blob:")) return;
      if (url !== own && !expected.includes(url.slice(own.length))) {
        complaints.push(url);
      }
    });
    await page.goto(address);
    await look({ page, complaints });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

/** Opens a page from a file that holds it. */
export async function fromFile(
  html: string,
  look: (visit: Visit) => Promise<void>,
  { hash = "", ...screen }: {
    hash?: string;
    width?: number;
    height?: number;
    dark?: boolean;
  } = {},
) {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "page.html");
    await Deno.writeTextFile(file, html);
    await visiting(pathToFileURL(file).href + hash, look, screen);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Goes to an address within the atom browser, and waits until its view has turned to what is there. */
export async function turnTo(page: Page, hash: string): Promise<void> {
  const before = await page.locator("#view > *").elementHandle();
  await page.evaluate((to) => location.hash = to, hash);
  await page.waitForFunction((view) => !view!.isConnected, before);
}

/** Waits until the words under the search field say so, such as `1 of 64 atoms`. */
export async function statusIs(page: Page, words: RegExp): Promise<void> {
  await page.locator("#status", { hasText: words }).waitFor();
}
