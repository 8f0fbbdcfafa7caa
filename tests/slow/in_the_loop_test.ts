import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openRows } from "../../src/rows/open.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { train } from "../../src/use/train.ts";
import { inDirectory } from "../directories.ts";

const RECIPE = fileURLToPath(
  new URL("../../docs/recipes/model_in_the_loop.py", import.meta.url),
);
const STAND_IN = fileURLToPath(new URL("./in_the_loop/", import.meta.url));
const ENGINE = { device: "cpu", threads: 1 } as const;
const WIDTH = 24;

interface Score {
  tokens: number;
  crossEntropy: Record<"model" | "rebuilt" | "mean" | "zero", number>;
  klDivergence: Record<"rebuilt" | "mean" | "zero", number>;
  lossRecovered: number;
  klRecovered: number;
}

async function recipe(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(
    "/usr/bin/python3",
    {
      args: [RECIPE, ...args],
      env: { PYTHONPATH: STAND_IN, PYTHONDONTWRITEBYTECODE: "1" },
    },
  ).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Texts of sentences that begin alike, longer than the context. */
function texts(): string {
  const words = ["stone", "river", "cloud", "ember", "meadow", "harbour"];
  return Array.from(
    { length: 60 },
    (_, i) =>
      Array.from({ length: 9 }, (_, j) => words[(i * (j + 3) + j) % 6])
        .join(" "),
  ).join("\n") + "\nshort\n";
}

/** A folder with the model, and its activations beside it. */
async function collected(directory: string, outputs: "tuple" | "tensor") {
  const path = (name: string) => join(directory, name);
  await Deno.writeTextFile(path("texts.txt"), texts());
  const config = { width: WIDTH, outputs };
  await Deno.writeTextFile(path("config.json"), JSON.stringify(config));
  const said = await recipe(
    ...["collect", directory, "1", path("texts.txt"), path("acts")],
    ...["--context", "32"],
  );
  const score = async (file: string, ...more: string[]) =>
    JSON.parse(
      await recipe("score", directory, "1", path("acts"), file, ...more),
    ) as Score;
  return { path, said, input: path("acts/activations.npy"), score };
}

Deno.test("the recipe scores activations that are rebuilt between the true ones and zeros", async () => {
  await inDirectory(async (directory) => {
    const { path, said, input, score } = await collected(directory, "tuple");
    assert.match(said, /1920 rows of 24 .*; 1 short texts left out/);
    const source = await openRows(input);
    assert.equal(source.rowCount, 60 * 32);
    const options = { atoms: 48, sparsity: 6, passes: 4, holdout: 100 };
    const { model } = await train(source, options, ENGINE);
    const codes = path("codes.parquet");
    await encode(model, source, { out: codes, ...ENGINE });
    await source.close();
    const rebuilt = path("rebuilt.npy");
    await decode(model, codes, { out: rebuilt, like: input });
    const found = await score(rebuilt);
    assert.equal(found.tokens, 60 * 30);
    assert(found.crossEntropy.zero > found.crossEntropy.model);
    assert(found.lossRecovered > 0.5 && found.lossRecovered < 1.01);
    assert(found.klRecovered > 0.5 && found.klRecovered < 1);
    assert(found.klDivergence.rebuilt < found.klDivergence.mean);
    const blank = await Deno.readFile(input);
    blank.fill(0, 128);
    await Deno.writeFile(path("zeros.npy"), blank);
    const zeros = await score(path("zeros.npy"), "--first", "0");
    assert.equal(zeros.tokens, 60 * 31);
    assert(Math.abs(zeros.lossRecovered) < 1e-5);
    assert(Math.abs(zeros.klRecovered) < 1e-5);
  });
});

Deno.test("the recipe finds all of the loss recovered by the true activations, also of blocks that return tensors", async () => {
  await inDirectory(async (directory) => {
    const { input, score } = await collected(directory, "tensor");
    const itself = await score(input);
    assert(Math.abs(itself.lossRecovered - 1) < 1e-5);
    assert(Math.abs(itself.klDivergence.rebuilt) < 1e-5);
  });
});
