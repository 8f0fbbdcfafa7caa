/**
 * Takes the pictures of the docs from a model of the sample, and one of drawn pictures: trains them, makes their atom
 * browsers, and opens them in Chromium. From the project's root:
 *
 *   deno run -A -c tests/deno.json tasks/take_pictures.ts
 *
 * writes docs/images. The sample's own word vectors stand in for a language model's unembedding.
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { float32Tensor, safetensorsParts } from "../src/files/safetensors.ts";
import { openRows } from "../src/rows/open.ts";
import { writeDrawn } from "../tests/inspection/drawn_pictures.ts";

const IMAGES = resolve("docs/images");

interface Picture {
  name: string;
  file: string;
  /** Opens the atom that this finds best. */
  search?: string;
  /** Opens this atom. */
  atom?: number;
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
  if (picture.atom !== undefined) {
    await page.goto(`${pathToFileURL(file).href}#/atom/${picture.atom}`);
    await page.waitForSelector(".atom-page");
  }
  if (row) await page.locator("ol a").first().click();
  // The map draws in the frame after its page is there.
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(IMAGES, picture.name) });
  await page.close();
}

// The sample's words as tokens, their vectors as what turns activations into logits.
async function writeUnembedding(folder: string): Promise<string[]> {
  const source = await openRows("samples/glove-10k.parquet");
  const range = { start: 0, end: source.rowCount };
  const vectors = await source.read(range);
  const [{ values }] = await source.readColumns!(["word"], range);
  const unembedding = join(folder, "W_U.safetensors");
  const tokens = join(folder, "words.json");
  const tensor = float32Tensor(vectors, source.rowCount, source.width);
  const parts = safetensorsParts({ W_U: tensor }) as BlobPart[];
  await Deno.writeFile(unembedding, new Blob(parts).stream());
  await Deno.writeTextFile(tokens, JSON.stringify(values));
  await source.close();
  return ["--unembed", unembedding, "--tokens", tokens];
}

async function drawnAtoms(folder: string): Promise<string> {
  await Deno.mkdir(folder);
  const rows = await writeDrawn(folder, 2000);
  const model = join(folder, "dbksvd-model");
  const train = ["train", rows, "--column", "vector", "--atoms", "96"];
  await dbksvd(...train, "--sparsity", "6", "--passes", "6", "--out", model);
  const file = join(folder, "atoms.html");
  await dbksvd("inspect", model, "--image", "path", "--html", file);
  return file;
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
  const codes = join(directory, "codes.html");
  await dbksvd("inspect", model, "--by", "code", "--html", codes);
  const logits = join(directory, "logits.html");
  const unembedding = await writeUnembedding(directory);
  await dbksvd("inspect", model, ...unembedding, "--html", logits);
  const drawn = await drawnAtoms(join(directory, "drawn"));
  const sizes = join(directory, "sizes");
  await dbksvd(
    ...["sweep", "--atoms", "128,256,512", "--sparsity", "4,8,16"],
    ...["--vary", "for=rebuild,probing", "--passes", "3", "--out", sizes],
  );
  await Deno.mkdir(IMAGES, { recursive: true });
  const pictures: Picture[] = [
    { name: "report.png", file: report, height: 1000 },
    { name: "report-dark.png", file: report, height: 1000, dark: true },
    { name: "sweep.png", file: join(sizes, "report.html"), height: 1180 },
    { name: "atoms-map.png", file: atoms, height: 820 },
    { name: "atoms-atom.png", file: atoms, search: "guitar", height: 820 },
    { name: "atoms-logits.png", file: logits, search: "guitar", height: 720 },
    { name: "atoms-pictures.png", file: drawn, atom: 3, height: 820 },
    {
      name: "atoms-phone.png",
      file: drawn,
      atom: 3,
      width: 390,
      height: 844,
    },
    {
      name: "atoms-row.png",
      file: codes,
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
