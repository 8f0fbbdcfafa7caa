import assert from "node:assert/strict";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { saveModel } from "../../src/model/directory.ts";
import { openRows } from "../../src/rows/open.ts";
import { encodeRows } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel, makeRows } from "../model/models.ts";

const MODEL = makeModel({ width: 8, atoms: 40 });
const TEXTS = 300, LENGTH = 64, WINDOW = 32;
const ROOT = new URL("../../", import.meta.url);

/** Texts of tokens as people keep them: a text a row, its vectors and the ids of its tokens as lists. */
async function writeTokens(path: string): Promise<void> {
  const { width } = MODEL;
  const rows = makeRows(MODEL, TEXTS * LENGTH);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(
    `create table t (token_ids bigint[], hidden float[${width}][])`,
  );
  const list = (items: Iterable<unknown>) => `[${[...items].join(",")}]`;
  for (let text = 0; text < TEXTS; text++) {
    const first = text * LENGTH;
    const ids = Array.from({ length: LENGTH }, (_, i) => first + i + 3);
    const vectors = ids.map((_, i) =>
      list(rows.subarray((first + i) * width, (first + i + 1) * width))
    );
    await connection.run(
      `insert into t values (${list(ids)}, ${list(vectors)})`,
    );
  }
  await connection.run(`copy t to '${path}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
}

async function output(command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stdout) + text(stderr));
  return text(stdout);
}

Deno.test("NumPy reads delphi's cache of token activations as delphi does", () =>
  inDirectory(async (folder) => {
    const rows = join(folder, "tokens.parquet");
    const model = join(folder, "model");
    await writeTokens(rows);
    await saveModel(model, MODEL, CONFIG, []);
    const written = JSON.parse(
      await output(Deno.execPath(), [
        ...["run", "-q", "--no-check", "-P=rows-to-files", "src/cli/main.ts"],
        ...["export", model, rows, "--format", "delphi", "--by", "code"],
        ...["--out", join(folder, "run"), "--hook-name", "layers.6.mlp"],
        ...["--model-name", "gpt2", "--device", "cpu", "--json", "--quiet"],
      ]),
    );
    assert.deepEqual(
      [written.contexts, written.contextSize, written.latents],
      [TEXTS, LENGTH, 80],
    );
    const script = new URL("read_delphi.py", import.meta.url).pathname;
    const cache = join(folder, "run", "latents", "layers.6.mlp");
    const read = JSON.parse(
      await output("python3", [script, cache, `${WINDOW}`]),
    );
    assert.equal(read.end, 79);
    assert.equal(read.config.model_name, "gpt2");

    const source = await openRows(rows, { column: "hidden" });
    const known = new Map<number, { value: number; row: number }[]>();
    // The same engine: another one may choose another of two atoms that fit alike.
    const coded = encodeRows(MODEL, source, { device: "cpu" });
    for await (const { codes, rowNumbers } of coded) {
      codes.indices.forEach((atom, slot) => {
        const value = codes.values[slot];
        if (atom === EMPTY_SLOT || Math.abs(value) <= 1e-5) return;
        const latent = atom + (value < 0 ? MODEL.atoms : 0);
        const row = rowNumbers[Math.floor(slot / codes.sparsity)];
        known.set(latent, [
          ...known.get(latent) ?? [],
          { value: Math.abs(value), row },
        ]);
      });
    }
    await source.close();
    assert.deepEqual(
      Object.keys(read.latents).map(Number).sort((a, b) => a - b),
      [...known.keys()].sort((a, b) => a - b),
    );
    for (const [latent, uses] of known) {
      const found = read.latents[latent];
      const best = uses.toSorted((a, b) => b.value - a.value)[0];
      assert.equal(found.uses, uses.length);
      const windows = uses.map(({ row }) => Math.floor(row / WINDOW));
      assert.equal(found.windows, new Set(windows).size);
      assert(Math.abs(found.largest - best.value) <= best.value / 1024);
      // Two values may be one in 16 bits.
      const near = uses.filter(({ value }) =>
        Math.abs(value - best.value) <= best.value / 1024
      );
      assert(near.some(({ row }) => row + 3 === found.token));
    }
  }));
