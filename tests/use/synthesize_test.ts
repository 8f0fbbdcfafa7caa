import assert from "node:assert/strict";
import { join } from "node:path";
import { readDictionaryFile } from "../../src/model/dictionary_file.ts";
import { openRows } from "../../src/rows/open.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { synthesize } from "../../src/use/synthesize.ts";
import { encode } from "../../src/use/encode.ts";
import { saveModel } from "../../src/model/directory.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { CPU } from "./helpers.ts";
import { inDirectory, namesIn } from "../directories.ts";

const MADE = {
  rows: 17_000,
  width: 6,
  atoms: 12,
  sparsity: 2,
  zipf: 1,
  seed: 4,
};

Deno.test("synthesize() writes the planted rows to Parquet, and their dictionary", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "x.parquet");
    const counts: number[] = [];
    const done = await synthesize({
      ...MADE,
      out,
      onProgress: ({ rows }) => counts.push(rows),
    });
    assert.deepEqual(counts, [16_384, 17_000]);
    assert.equal(done.truth, join(directory, "x.truth.safetensors"));
    const { data, dictionary } = plantRows(MADE);
    const source = await openRows([out]);
    assert.equal(source.rowCount, 17_000);
    assert.deepEqual(await source.read({ start: 0, end: 17_000 }), data);
    await source.close();
    const truth = await readDictionaryFile(done.truth);
    assert.deepEqual(truth.dictionary, dictionary);
    assert.equal(truth.coder.sparsity, 2);
  });
});

Deno.test("synthesize() replaces planted data, and nothing else", async () => {
  await inDirectory(async (directory) => {
    const few = { ...MADE, rows: 100 };
    const out = join(directory, "x.parquet");
    const truth = join(directory, "x.truth.safetensors");
    await synthesize({ ...few, out });
    const { rows } = await synthesize({ ...few, rows: 50, out });
    assert.equal(rows, 50);
    const model = join(directory, "model");
    await saveModel(model, makeModel({ width: 6, atoms: 12 }), CONFIG, []);
    const others: [string, string][] = [
      [join(directory, "notes.parquet"), truth],
      [out, join(directory, "notes.txt")],
      [out, join(model, "dictionary.safetensors")],
    ];
    for (const name of ["notes.parquet", "notes.txt"]) {
      await Deno.writeTextFile(join(directory, name), "somebody's");
    }
    await encode(makeModel({ width: 6, atoms: 12 }), await openRows([out]), {
      ...CPU,
      out: join(directory, "codes.parquet"),
    });
    others.push([join(directory, "codes.parquet"), truth]);
    const read = (paths: string[]) =>
      Promise.all(paths.map((path) => Deno.readFile(path)));
    for (const [out, truth] of others) {
      const before = await read([out, truth]);
      await assert.rejects(synthesize({ ...few, out, truth }), {
        kind: "usage",
        message: /place holds something else/,
      });
      const after = await read([out, truth]);
      assert.deepEqual(after, before);
    }
  });
});

Deno.test("synthesize() leaves nothing behind where it is stopped", async () => {
  await inDirectory(async (directory) => {
    const controller = new AbortController();
    await assert.rejects(
      synthesize({
        ...MADE,
        out: join(directory, "x.parquet"),
        signal: controller.signal,
        onProgress: () => controller.abort(new Error("enough")),
      }),
      /enough/,
    );
    assert.deepEqual(await namesIn(directory), []);
  });
});
