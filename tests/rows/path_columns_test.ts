import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { rowsFrom } from "../../src/rows/iterable.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import { train } from "../../src/use/train.ts";
import { inDirectory } from "../directories.ts";
import { delivered, withRows } from "./files.ts";
import { sql } from "./writers.ts";

Deno.test("Folders' names are columns to filter by and to keep, and so is the file's name", () =>
  inDirectory(async (directory) => {
    for (const [layer, split] of [[3, "a b"], [12, "c"]] as const) {
      const folder = `${directory}/layer=${layer}/split=${
        encodeURIComponent(split)
      }`;
      await Deno.mkdir(folder, { recursive: true });
      const values = Float32Array.of(layer, 0, layer, 1);
      await Deno.writeFile(`${folder}/x.f32`, new Uint8Array(values.buffer));
      await sql(
        `COPY (SELECT [${layer}, 2]::FLOAT[] AS v) TO '${folder}/y.parquet'`,
      );
    }
    await withRows(directory, { width: 2, column: "v" }, async (source) => {
      assert.equal(source.rowCount, 6);
      const names = ["layer", "split", "@file"];
      const range = { start: 0, end: 6 };
      const [layer, split, file] = await source.readColumns!(names, range);
      assert.deepEqual(layer.values, [12, 12, 12, 3, 3, 3]);
      assert.deepEqual(split.values, ["c", "c", "c", "a b", "a b", "a b"]);
      assert.equal(
        file.values[2],
        `${directory}/layer=12/split=c/y.parquet`,
      );
    });
    const options = { width: 2, column: "v", where: { layer: { $eq: 12 } } };
    await withRows(directory, options, async (source) => {
      const { values } = await delivered(source);
      assert.deepEqual(values, [[12, 0], [12, 1], [12, 2]]);
      assert.deepEqual(source.dropped, { where: 3 });
    });
  }));

Deno.test("A column of the file's own wins over its folder's, and that is said", () =>
  inDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/layer=3`);
    const file = `${directory}/layer=3/rows.parquet`;
    await sql(`COPY (SELECT [1, 2]::FLOAT[] AS v, 7 AS layer) TO '${file}'`);
    const notices: string[] = [];
    const onNotice = (notice: string) => void notices.push(notice);
    await withRows(file, { onNotice }, async (source) => {
      const range = { start: 0, end: 1 };
      const [layer] = await source.readColumns!(["layer"], range);
      assert.deepEqual(layer.values.map(Number), [7]);
      assert.match(notices.join(), /column "layer" is the files' own/);
    });
  }));

Deno.test("Options that there are none of are refused, with the near one", async () => {
  const usage = (words: RegExp) => (error: unknown) =>
    error instanceof DbksvdError && error.kind === "usage" &&
    words.test(error.message);
  await assert.rejects(
    openRows("x.parquet", { skipinvalid: true } as never),
    usage(/openRows\(\) has no option "skipinvalid".*"skipInvalid"/),
  );
  await assert.rejects(
    rowsFrom([], { widht: 3 } as never),
    usage(/rowsFrom\(\) has no option "widht".*width/),
  );
  const rows = rowsFromArray(new Float32Array(40), 4);
  await assert.rejects(
    train(rows, { atom: 4, sparsity: 1 } as never, { device: "cpu" }),
    usage(/train\(\) has no option "atom".*"atoms"/),
  );
});
