// Every command, given what it cannot use: one clear line, the right exit code, nothing written.
import assert from "node:assert/strict";
import { join } from "node:path";
import { npyParts } from "../../src/files/npy.ts";
import { encode } from "../../src/use/encode.ts";
import { loadDictionary } from "../../src/use/models.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { runCli } from "../cli/fake_io.ts";
import { noise, SMALL, smallSource } from "./runs.ts";

const SAMPLE = new URL("../../samples/glove-10k.parquet", import.meta.url);

interface Places {
  /** Where all files are. */
  directory: string;
  /** A sound model, 8 wide. */
  model: string;
  /** Sound codes of that model. */
  codes: string;
  /** Sound rows, 8 wide. */
  rows: string;
}

async function makePlaces(directory: string): Promise<Places> {
  const model = join(directory, "model");
  await trainToDirectory(smallSource(), SMALL, { out: model }, {
    device: "cpu",
  });
  const codes = join(directory, "codes.parquet");
  const loaded = await loadDictionary(model);
  await encode(loaded, smallSource(), { out: codes, device: "cpu" });
  const rows = join(directory, "rows.npy");
  await writeRows(rows, noise(300, 8), 8);
  return { directory, model, codes, rows };
}

async function writeRows(path: string, data: Float32Array, width: number) {
  const parts = npyParts(data, [data.length / width, width]);
  await Deno.writeFile(path, new Uint8Array(0));
  for (const part of parts) await Deno.writeFile(path, part, { append: true });
}

/** Files of rows that cannot be used, and what is said of each. */
async function badRows(directory: string): Promise<[string, RegExp][]> {
  const at = (name: string) => join(directory, name);
  const parquet = await Deno.readFile(SAMPLE);
  const files: Record<string, Uint8Array> = {
    "empty.parquet": new Uint8Array(0),
    "text.parquet": new TextEncoder().encode("no, 1, 2\n".repeat(99)),
    "cut.parquet": parquet.subarray(0, parquet.length / 2),
    "cut.npy": new Uint8Array([0x93, 0x4E, 0x55, 0x4D]),
  };
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.writeFile(at(name), bytes);
  }
  const spoiled = noise(300, 8);
  spoiled[8 * 7 + 3] = NaN;
  await writeRows(at("nan.npy"), spoiled, 8);
  await writeRows(at("none.npy"), new Float32Array(0), 8);
  await Deno.mkdir(at("nothing"));
  return [
    [at("missing.parquet"), /missing\.parquet/],
    [at("empty.parquet"), /empty/i],
    [at("text.parquet"), /text\.parquet/],
    [at("cut.parquet"), /cut\.parquet/],
    [at("cut.npy"), /cut\.npy/],
    [at("nan.npy"), /row 7/],
    [at("none.npy"), /no rows|none\.npy/i],
    [at("nothing"), /nothing/],
    [at("*.nowhere"), /nowhere/],
  ];
}

async function assertRefused(
  args: string[],
  codes: number[],
  says: RegExp,
  directory: string,
): Promise<void> {
  const before = await namesIn(directory);
  const { code, stdout, stderr } = await runCli([...args, "--quiet"]);
  const reported = `${args.join(" ")}: exit ${code}\n${stdout}${stderr}`;
  assert(codes.includes(code), reported);
  assert.equal(stdout, "", reported);
  assert.equal(stderr.trimEnd().split("\n").length, 1, reported);
  assert.match(stderr, says, reported);
  assert.doesNotMatch(stderr, /\bat file:|TypeError|RangeError/, reported);
  assert.deepEqual(await namesIn(directory), before, reported);
}

Deno.test("every command refuses rows that it cannot use, and writes nothing", async () => {
  await inDirectory(async (directory) => {
    const { model, rows } = await makePlaces(directory);
    const out = join(directory, "out");
    for (const [path, says] of await badRows(directory)) {
      for (
        const args of [
          ["train", path, "--atoms", "4", "--sparsity", "2", "--out", out],
          ["encode", model, path, "--out", `${out}.parquet`],
          ["evaluate", model, "--input", path],
          ["inspect", model, path, "--html", `${out}.html`],
          ["export", model, path, "--format", "saelens-topk", "--out", out],
        ]
      ) {
        const cpu = [...args, "--device", "cpu"];
        await assertRefused(cpu, [3], says, directory);
      }
    }
    const narrow = join(directory, "narrow.npy");
    await writeRows(narrow, noise(300, 4), 4);
    await assertRefused(
      ["encode", model, narrow, "--out", `${out}.parquet`, "--device", "cpu"],
      [2, 3],
      /4.*8|8.*4/,
      directory,
    );
    await assertRefused(
      ["train", rows, narrow, "--out", out, "--device", "cpu"],
      [3],
      /narrow\.npy/,
      directory,
    );
    await assertRefused(
      ["train", rows, "--atoms", "4000", "--out", out, "--device", "cpu"],
      [3],
      /fewer training rows.*4000/,
      directory,
    );
    await assertRefused(
      ["train", rows, "--sparsity", "9", "--atoms", "16", "--out", out],
      [2],
      /sparsity/,
      directory,
    );
  });
});

Deno.test("every command refuses models and codes that it cannot use, and writes nothing", async () => {
  await inDirectory(async (directory) => {
    const { model, codes, rows } = await makePlaces(directory);
    const out = join(directory, "out");
    const damaged = join(directory, "damaged");
    await Deno.mkdir(damaged);
    for (const name of await namesIn(model)) {
      await Deno.copyFile(join(model, name), join(damaged, name));
    }
    await Deno.truncate(join(damaged, "dictionary.safetensors"), 200);
    const text = join(directory, "codes.txt");
    await Deno.writeTextFile(text, "these are no codes");
    const missing = join(directory, "missing");
    for (const bad of [damaged, missing, text]) {
      for (
        const args of [
          ["encode", bad, rows, "--out", `${out}.parquet`, "--device", "cpu"],
          ["evaluate", bad, "--input", rows, "--device", "cpu"],
          ["decode", bad, codes, "--out", `${out}.parquet`],
          ["compare", bad, model],
          ["compare", model, bad],
          ["inspect", bad, rows, "--device", "cpu"],
          ["export", bad, rows, "--format", "saelens-topk", "--out", out],
        ]
      ) {
        await assertRefused(
          args,
          [2, 3],
          /damaged|missing|codes\.txt/,
          directory,
        );
      }
    }
    for (const bad of [rows, missing, text]) {
      await assertRefused(
        ["decode", model, bad, "--out", `${out}.parquet`],
        [3],
        /rows\.npy|missing|codes\.txt/,
        directory,
      );
    }
  });
});
