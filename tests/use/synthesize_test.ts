import assert from "node:assert/strict";
import { join } from "node:path";
import { readDictionaryFile } from "../../src/model/dictionary_file.ts";
import { openRows } from "../../src/rows/open.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { synthesize } from "../../src/use/synthesize.ts";
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
