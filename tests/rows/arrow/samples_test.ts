import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { OpenRowsOptions } from "../../../src/rows/options.ts";
import { inDirectory } from "../../directories.ts";
import { delivered, rowsOf, withRows } from "../files.ts";

const DATA = fileURLToPath(new URL("./data/", import.meta.url));
const WIDTH = 8;

/** Row r as the samples have it. */
const sample = (r: number) =>
  Array.from({ length: WIDTH }, (_, c) => (WIDTH * r + c) / 8);
const upTo = (count: number) => Array.from({ length: count }, (_, r) => r);

const SAMPLES: Record<string, [rows: number[], OpenRowsOptions?]> = {
  "fsl-f32.arrow": [upTo(24)],
  "fsl-f32.arrows": [upTo(24)],
  "largelist-f64.arrow": [upTo(24)],
  "list-f16.arrow": [upTo(24)],
  "fsl-null-row.arrow": [[0, ...upTo(24).slice(2)], { skipInvalid: true }],
  "array2d-ragged": [[0, 1, 2, 3, 4, 5, 8, 9, 10]],
  "plain-list-double": [upTo(24)],
  "saelens-cache-float32": [upTo(24)],
  "saelens-cache-float16": [upTo(24)],
  "dataset-dict": [[...upTo(24), ...upTo(5)]],
};

for (const [name, [rows, options = {}]] of Object.entries(SAMPLES)) {
  Deno.test(`openRows() reads ${name} as datasets and pyarrow wrote it`, async () => {
    const { values } = await rowsOf(DATA + name, options);
    assert.deepEqual(values, rows.map(sample));
  });
}

Deno.test("openRows() reads compressed Arrow buffers", async () => {
  for (const codec of ["lz4", "zstd"]) {
    const { values } = await rowsOf(`${DATA}fsl-f32-${codec}.arrow`);
    assert.deepEqual(values, upTo(24).map(() => new Array(WIDTH).fill(0)));
  }
});

Deno.test("Rows of a cache of activations know their sequence and its tokens", async () => {
  await withRows(`${DATA}saelens-cache-float32`, {}, async (source) => {
    assert.equal(source.column, "blocks.3.hook_resid_pre");
    const range = { start: 2, end: 22 };
    const { rows, items } = await source.readItems!(range);
    const expected = upTo(24).slice(2, 22);
    assert.deepEqual([...rows], expected.map((r) => Math.floor(r / 4)));
    assert.deepEqual([...items], expected.map((r) => r % 4));
    const [{ values }] = await source.readColumns!(["token_ids"], range);
    assert.deepEqual(
      values,
      expected.map((r) => upTo(4).map((i) => 4 * Math.floor(r / 4) + i)),
    );
    const middle = await source.read({ start: 6, end: 9 });
    assert.deepEqual([...middle], [6, 7, 8].flatMap(sample));
  });
});

Deno.test("Truncated and null Arrow data is refused with its place", async () => {
  await assert.rejects(rowsOf(`${DATA}fsl-truncated.arrows`), /truncated/);
  await assert.rejects(
    rowsOf(`${DATA}fsl-null-row.arrow`),
    /null or empty.*row 1/,
  );
  await inDirectory(async (directory) => {
    const whole = await Deno.readFile(`${DATA}fsl-f32.arrow`);
    for (const size of [0, 4, 8, 100, 700, whole.length - 1]) {
      const file = `${directory}/cut.arrow`;
      await Deno.writeFile(file, whole.subarray(0, size));
      await assert.rejects(rowsOf(file), /cut\.arrow/);
    }
  });
});

Deno.test("Of a data set's folder only the files that it lists are read", async () => {
  await inDirectory(async (directory) => {
    const from = `${DATA}plain-list-double`;
    for await (const { name } of Deno.readDir(from)) {
      await Deno.copyFile(`${from}/${name}`, `${directory}/${name}`);
    }
    const cache = `${directory}/cache-1f.arrow`;
    await Deno.copyFile(`${DATA}list-f16.arrow`, cache);
    await withRows(directory, {}, async (source) => {
      assert.equal((await delivered(source)).rows.length, 24);
      assert.deepEqual(source.notRead, [
        { reason: "not listed", count: 1, paths: [cache] },
      ]);
    });
    const state = `${directory}/state.json`;
    const text = JSON.parse(await Deno.readTextFile(state));
    text._indices_data_files = [{ filename: "indices.arrow" }];
    await Deno.writeTextFile(state, JSON.stringify(text));
    await assert.rejects(rowsOf(directory), /selects rows by an index/);
  });
});
