/**
 * Takes the pictures of the docs from a model of the sample: trains it, makes its atom browser, and opens both in
 * Chromium. From the project's root: `deno run -A tasks/take_pictures.ts`; writes docs/images.
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";

const IMAGES = resolve("docs/images");

interface Picture {
  name: string;
  file: string;
  /** Opens the atom that this finds best. */
  search?: string;
  /** Then opens the row that uses it most. */
  row?: boolean;
  dark?: boolean;
  width?: number;
  height: number;
}

async function dbksvd(...args: string[]) {
  const { success } = await new Deno.Command("deno", {
    args: ["run", "-A", "src/cli/main.ts", ...args, "--quiet"],
    stdout: "null",
  }).output();
  if (!success) throw new Error(`dbksvd ${args.join(" ")} failed`);
}

async function take(browser: Browser, picture: Picture) {
  const { width = 1240, height, dark = false, file, search, row } = picture;
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
  });
  await page.goto(pathToFileURL(file).href);
  if (search !== undefined) {
    await page.fill("#search", search);
    await page.press("#search", "Enter");
    await page.waitForSelector(".atom-page");
  }
  if (row) await page.locator("ol a").first().click();
  // The map draws in the frame after its page is there.
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(IMAGES, picture.name) });
  await page.close();
}

const directory = await Deno.makeTempDir();
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu"],
});
try {
  const model = join(directory, "dbksvd-model");
  const atoms = join(directory, "atoms.html");
  const report = join(model, "report.html");
  await dbksvd("train", "--out", model);
  await dbksvd("inspect", model, "--text", "word", "--html", atoms);
  await Deno.mkdir(IMAGES, { recursive: true });
  const pictures: Picture[] = [
    { name: "report.png", file: report, height: 1000 },
    { name: "report-dark.png", file: report, height: 1000, dark: true },
    { name: "atoms-map.png", file: atoms, height: 820 },
    { name: "atoms-atom.png", file: atoms, search: "guitar", height: 820 },
    {
      name: "atoms-row.png",
      file: atoms,
      search: "enzyme",
      row: true,
      height: 620,
      dark: true,
    },
  ];
  for (const picture of pictures) await take(browser, picture);
} finally {
  await browser.close();
  await Deno.remove(directory, { recursive: true });
}
