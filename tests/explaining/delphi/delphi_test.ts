import assert from "node:assert/strict";
import { join } from "node:path";
import { EMPTY_SLOT } from "../../../src/engine/engine.ts";
import { exportDelphi } from "../../../src/explaining/delphi/export.ts";
import { openSafetensors } from "../../../src/files/safetensors.ts";
import type { DictionaryModel } from "../../../src/model/model.ts";
import type { RowSource } from "../../../src/rows/source.ts";
import { encodeRows } from "../../../src/use/encode.ts";
import { inDirectory, namesIn } from "../../directories.ts";
import { CPU, smallProblem } from "../../use/helpers.ts";
import { withIds } from "./ids.ts";

const NAMES = { hookName: "layers.3", modelName: "some/model" };

type Triple = [number, number, number];

/** Every activation that delphi would find, from codes of the tool's own. */
async function expected(
  model: DictionaryModel,
  source: RowSource,
  lengths: readonly number[],
  size: number,
): Promise<Map<string, number>> {
  const places: (string | undefined)[] = [];
  let context = 0;
  for (const length of lengths) {
    const whole = Math.floor(length / size);
    for (let item = 0; item < length; item++) {
      const piece = Math.floor(item / size);
      places.push(
        piece < whole ? `${context + piece} ${item % size}` : undefined,
      );
    }
    context += whole;
  }
  const found = new Map<string, number>();
  let row = 0;
  for await (const { codes } of encodeRows(model, source, CPU)) {
    for (let i = 0; i < codes.rows; i++, row++) {
      for (
        let slot = i * codes.sparsity;
        slot < (i + 1) * codes.sparsity;
        slot++
      ) {
        const value = codes.values[slot];
        if (codes.indices[slot] === EMPTY_SLOT || places[row] === undefined) {
          continue;
        }
        const latent = codes.indices[slot] + (value < 0 ? model.atoms : 0);
        found.set(`${places[row]} ${latent}`, Math.abs(value));
      }
    }
  }
  return found;
}

/** What the files of a cache hold: activations by context, position and latent, in order, and the tokens. */
async function readCache(folder: string, files: readonly string[]) {
  const found = new Map<string, number>();
  let tokens: number[] = [];
  let shape: number[] = [];
  for (const name of files) {
    const file = await openSafetensors(join(folder, name));
    const first = Number(/(\d+)_\d+\.safetensors$/.exec(name)![1]);
    const { header } = file;
    const { dtype } = header.tensors.get("locations")!;
    const bytes = await file.bytes("locations");
    const locations = dtype === "U16"
      ? new Uint16Array(bytes.buffer)
      : new Uint32Array(bytes.buffer);
    const activations = await file.float32("activations");
    assert.equal(header.tensors.get("activations")!.dtype, "F16");
    let last: Triple = [-1, -1, -1];
    activations.forEach((value, i) => {
      const at = [...locations.subarray(3 * i, 3 * i + 3)] as Triple;
      assert(isBehind(at, last), "in order of contexts, positions, latents");
      last = at;
      found.set(`${at[0]} ${at[1]} ${at[2] + first}`, value);
    });
    shape = header.tensors.get("tokens")!.shape;
    assert.equal(header.tensors.get("tokens")!.dtype, "I64");
    const ids = new BigInt64Array((await file.bytes("tokens")).buffer);
    tokens = Array.from(ids, Number);
  }
  return { found, tokens, shape };
}

function isBehind(a: Triple, b: Triple): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return a[at] > b[at];
}

Deno.test("delphi's cache holds every code of every context, by its sign, and the tokens", async () => {
  const { model, source: bare } = smallProblem(640);
  await inDirectory(async (folder) => {
    const out = join(folder, "run");
    const lengths = Array.from({ length: 10 }, () => 64);
    const source = withIds(bare, lengths);
    const result = await exportDelphi(model, source, {
      ...{ ...CPU, ...NAMES, out, by: "code", datasetPath: "some/texts" },
    });
    assert.deepEqual(
      [result.latents, result.contexts, result.contextSize, result.leftTokens],
      [48, 10, 64, 0],
    );
    const cache = join(out, "latents", "layers.3");
    const files = (await namesIn(cache)).filter((name) =>
      name !== "config.json"
    );
    assert.deepEqual(files.sort(), [
      ...["0_8.safetensors", "19_27.safetensors", "28_37.safetensors"],
      ...["38_47.safetensors", "9_18.safetensors"],
    ]);
    const { found, tokens, shape } = await readCache(cache, files);
    const wanted = await expected(model, source, lengths, 64);
    assert.deepEqual(new Set(found.keys()), new Set(wanted.keys()));
    assert.equal(result.activations, wanted.size);
    for (const [key, value] of wanted) {
      assert(Math.abs(found.get(key)! - value) <= value / 1024, key);
    }
    assert.deepEqual(shape, [10, 64]);
    assert.deepEqual(tokens, Array.from({ length: 640 }, (_, row) => row + 7));
    const config = JSON.parse(
      await Deno.readTextFile(join(cache, "config.json")),
    );
    assert.deepEqual(config, {
      ...{ dataset_repo: "some/texts", dataset_split: "", dataset_name: "" },
      ...{ dataset_column: "text", batch_size: 32, cache_ctx_len: 64 },
      ...{ n_tokens: 640, n_splits: 5, model_name: "some/model" },
    });
    assert.deepEqual(
      await namesIn(folder),
      ["run"],
      "nothing is left of the spool",
    );
  });
});

Deno.test("texts of several lengths are cut into contexts of --context-size; what is left of each is left out, and said", async () => {
  const { model, source: bare } = smallProblem(250);
  await inDirectory(async (folder) => {
    const out = join(folder, "run");
    const lengths = [70, 20, 32, 100, 28];
    const source = withIds(bare, lengths);
    const options = { ...CPU, ...NAMES, out, by: "code" as const };
    await assert.rejects(
      exportDelphi(model, source, options),
      /several lengths: 70 tokens, 20 tokens.*--context-size/,
    );
    await assert.rejects(
      exportDelphi(model, source, { ...options, contextSize: 200 }),
      /No text has 200 tokens/,
    );
    const result = await exportDelphi(model, source, {
      ...options,
      contextSize: 32,
    });
    assert.deepEqual([result.contexts, result.leftTokens], [
      6,
      6 + 20 + 4 + 28,
    ]);
    const cache = join(out, "latents", "layers.3");
    const files = (await namesIn(cache)).filter((name) =>
      name !== "config.json"
    );
    const { found, tokens } = await readCache(cache, files);
    const wanted = await expected(model, source, lengths, 32);
    assert.deepEqual(new Set(found.keys()), new Set(wanted.keys()));
    const kept = lengths.flatMap((length, text) => {
      const first = lengths.slice(0, text).reduce((a, b) => a + b, 0);
      return Array.from(
        { length: length - length % 32 },
        (_, i) => first + i + 7,
      );
    });
    assert.deepEqual(tokens, kept);
  });
});

Deno.test("the same cache is written again in its place; what delphi wrote beside it, and anything else, is not replaced", async () => {
  const { model, source: bare } = smallProblem(64);
  const source = withIds(bare, [32, 32]);
  await inDirectory(async (folder) => {
    const out = join(folder, "run");
    const options = { ...CPU, ...NAMES, out };
    const { by } = await exportDelphi(model, source, options);
    assert.equal(by, "activation");
    await exportDelphi(model, source, options);
    for (const change of [{ hookName: "layers.4" }, { by: "code" as const }]) {
      await assert.rejects(
        exportDelphi(model, source, { ...options, ...change }),
        /holds an output for layers\.3 by activation/,
      );
    }
    assert.deepEqual(await namesIn(join(out, "latents")), ["layers.3"]);
    await exportDelphi(model, source, { ...options, by: "activation" });
    await Deno.mkdir(join(out, "explanations"));
    await assert.rejects(exportDelphi(model, source, options), /holds more/);
    await exportDelphi(model, source, { ...options, overwrite: true });
    const other = { ...options, out: join(folder, "notes") };
    await Deno.mkdir(other.out);
    await Deno.writeTextFile(join(other.out, "a.txt"), "mine");
    await assert.rejects(exportDelphi(model, source, other), {
      kind: "usage",
    });
    assert.deepEqual(await namesIn(other.out), ["a.txt"]);
  });
});

Deno.test("rows that are no tokens, ids that do not fit them and hooks that are no names are refused", async () => {
  const { model, source: bare } = smallProblem(64);
  await inDirectory(async (folder) => {
    const options = { ...CPU, ...NAMES, out: join(folder, "run") };
    const source = withIds(bare, [32, 32]);
    await assert.rejects(
      exportDelphi(model, bare, options),
      /no tokens of texts/,
    );
    const reads = (values: unknown[]) => ({
      ...source,
      readColumns: ([name]: readonly string[]) =>
        Promise.resolve([{ name, schema: [], values }]),
    });
    const few = Array.from({ length: 64 }, () => [1, 2, 3]);
    await assert.rejects(exportDelphi(model, reads(few), options), {
      ...{ kind: "data", message: /3 ids for 32 rows.*--token-ids/ },
    });
    const words = Array.from({ length: 64 }, () => Array(32).fill("word"));
    await assert.rejects(
      exportDelphi(model, reads(words), options),
      /word is no token's id/,
    );
    for (const hookName of ["a/b", "..", ""]) {
      await assert.rejects(
        exportDelphi(model, source, { ...options, hookName }),
        /--hook-name/,
      );
    }
    assert.deepEqual(await namesIn(folder), []);
  });
});
