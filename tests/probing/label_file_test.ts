import assert from "node:assert/strict";
import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import { DbksvdError } from "../../src/errors.ts";
import { withLabelFile } from "../../src/probing/label_file.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { inDirectory } from "../directories.ts";

const SOURCE = rowsFromArray(new Float32Array(6), 2);

async function read(path: string, names: string[]) {
  const source = await withLabelFile(SOURCE, path, names);
  const columns = await source.readColumns!(names, { start: 0, end: 3 });
  return columns.map(({ values }) => values);
}

Deno.test("labels come from Parquet, CSV, TSV and lines of text", async () => {
  await inDirectory(async (directory) => {
    const write = async (name: string, text: string) => {
      const path = join(directory, name);
      await Deno.writeTextFile(path, text);
      return path;
    };
    const csv = await write("a.csv", 'topic,id\n"a, b",1\n,2\nc,3\n');
    assert.deepEqual(await read(csv, ["topic"]), [["a, b", "", "c"]]);
    const single = await write("b.csv", "topic\nx\n\nz\n");
    assert.deepEqual(await read(single, ["topic"]), [["x", "", "z"]]);
    const blank = await write("c.csv", "\n\ntopic\nx\n\nz\n\n\n");
    assert.deepEqual(await read(blank, ["topic"]), [["x", "", "z"]]);
    const tsv = await write("a.tsv", "id\ttopic\r\n1\tx\r\n2\ty\r\n3\tz\r\n");
    assert.deepEqual(await read(tsv, ["topic", "id"]), [
      ["x", "y", "z"],
      ["1", "2", "3"],
    ]);
    const txt = await write("a.txt", "x\n\nz\n");
    assert.deepEqual(await read(txt, ["topic"]), [["x", "", "z"]]);
    const parquet = join(directory, "a.parquet");
    parquetWriteFile({
      filename: parquet,
      columnData: [{ name: "topic", data: ["p", null, "q"], type: "STRING" }],
    });
    assert.deepEqual(await read(parquet, ["topic"]), [["p", null, "q"]]);
  });
});

Deno.test("a file of labels that does not fit is refused, with what would do", async () => {
  await inDirectory(async (directory) => {
    const csv = join(directory, "a.csv"), txt = join(directory, "a.txt");
    await Deno.writeTextFile(csv, "topic\nx\ny\n");
    await Deno.writeTextFile(txt, "x\ny\nz\n");
    const twice = join(directory, "twice.csv");
    await Deno.writeTextFile(twice, "topic,id,topic\na,1,x\nb,2,y\nc,3,z\n");
    for (
      const [path, names, message] of [
        [csv, ["topic"], /2 labels for 3 rows/],
        [twice, ["topic"], /Two columns have the same name/],
        [csv, ["other"], /choose from: topic/],
        [txt, ["topic", "other"], /one --class/],
        [join(directory, "a.json"), ["topic"], /\.parquet, \.csv/],
      ] as const
    ) {
      await assert.rejects(
        read(path, [...names]),
        (error) => error instanceof DbksvdError && message.test(error.message),
      );
    }
  });
});
