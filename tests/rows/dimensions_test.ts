import assert from "node:assert/strict";
import { join } from "node:path";
import { OutputFile } from "../../src/files/output_file.ts";
import { VectorsByDimension } from "../../src/parquet/write/dimensions.ts";
import { inDirectory } from "../directories.ts";

const FIRST = 7, ROWS = 23, WIDTH = 5;

// Every fourth row stays as it was.
function vectorOf(row: number): Float32Array | undefined {
  if (row % 4 === 3) return undefined;
  return Float32Array.from({ length: WIDTH }, (_, d) => 100 * row + d);
}

for (const held of [2 ** 20, 0]) {
  const where = held > 0 ? "in memory" : "on the output's disk";
  Deno.test(`VectorsByDimension puts vectors aside ${where} and gives every dimension of any rows`, async () => {
    await inDirectory(async (directory) => {
      const file = await OutputFile.create(join(directory, "out"));
      const asked: number[] = [];
      const vectors = await VectorsByDimension.of(
        (rows) => {
          asked.push(...rows);
          return Promise.resolve(rows.map(vectorOf));
        },
        { firstRow: FIRST, rows: ROWS, width: WIDTH },
        file,
        { slice: 4 * WIDTH * 6, held },
      );
      const all = Array.from({ length: ROWS }, (_, i) => FIRST + i);
      assert.deepEqual(asked, all);
      // What is put aside has no name.
      assert.equal([...Deno.readDirSync(directory)].length, 1);
      for (let d = 0; d < WIDTH; d++) {
        for (const rows of [all, all.slice(4, 15), [8, 12, 13, 29], []]) {
          const values = await vectors.taker(d)(rows, undefined);
          assert.deepEqual(
            values.map((value) => value && [...value]),
            rows.map((row) => vectorOf(row) && [vectorOf(row)![d]]),
          );
        }
      }
      vectors.close();
      await file.abandon();
      assert.equal([...Deno.readDirSync(directory)].length, 0);
    });
  });
}
