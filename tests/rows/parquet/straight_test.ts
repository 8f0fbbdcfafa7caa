import assert from "node:assert/strict";
import {
  Compression,
  WriterPropertiesBuilder,
  WriterVersion,
} from "parquet-wasm";
import { inDirectory } from "../../directories.ts";
import { delivered, withRows } from "../files.ts";
import { asRows, someNumbers, writeArrow } from "../writers.ts";

const WIDTH = 33;
const ROWS = 700;
const CODECS = ["UNCOMPRESSED", "SNAPPY", "LZ4_RAW"] as const;
const VERSIONS = ["V1", "V2"] as const;
/** Where batches begin and end: within pages, and around many of them. */
const SIZES = [1, 13, 700, [5, 90, 300]];

/** Calls a test with a file for each codec and version, of pages that hold some rows and end within one. */
async function withFiles(
  rows: number[][],
  test: (file: string) => Promise<void>,
) {
  await inDirectory(async (directory) => {
    for (const codec of CODECS) {
      for (const version of VERSIONS) {
        const file = `${directory}/${codec}-${version}.parquet`;
        const properties = new WriterPropertiesBuilder()
          .setCompression(Compression[codec]).setDictionaryEnabled(false)
          .setWriterVersion(WriterVersion[version])
          .setDataPageSizeLimit(3000).setWriteBatchSize(50)
          .setMaxRowGroupSize(400);
        writeArrow(file, rows, properties);
        await test(file);
      }
    }
  });
}

Deno.test("Rows of whole pages, put in their place at once, are what was written", () => {
  const numbers = someNumbers(ROWS * WIDTH);
  const rows = asRows(numbers, WIDTH);
  return withFiles(rows, async (file) => {
    for (const decodeWorkers of [0, 2]) {
      await withRows(file, { decodeWorkers }, async (source) => {
        for (const size of SIZES) {
          const { values } = await delivered(source, size);
          assert.deepEqual(values, rows);
        }
        const part = await source.read({ start: 17, end: 651 });
        assert.deepEqual(part, numbers.slice(17 * WIDTH, 651 * WIDTH));
      });
    }
  });
});

Deno.test("Values that are not finite are found in such pages, each with its row", () => {
  const numbers = someNumbers(ROWS * WIDTH);
  const bad = [0, 30, 31, 399, 400, 555, 699];
  bad.forEach((row, i) => {
    numbers[row * WIDTH + i * 5 % WIDTH] = [NaN, -Infinity, Infinity][i % 3];
  });
  const kept = [...asRows(numbers, WIDTH).entries()]
    .filter(([row]) => !bad.includes(row));
  return withFiles(asRows(numbers, WIDTH), async (file) => {
    for (const decodeWorkers of [0, 2]) {
      const skip = { decodeWorkers, skipInvalid: true };
      await withRows(file, skip, async (source) => {
        const { rows, values } = await delivered(source, 250);
        assert.deepEqual(rows, kept.map(([row]) => row));
        assert.deepEqual(values, kept.map(([, values]) => values));
        assert.equal(source.dropped.invalid, bad.length);
      });
      await withRows(
        file,
        { decodeWorkers },
        (source) =>
          assert.rejects(delivered(source, [30, 250]), {
            message: /Row holds a NaN/,
            where: { file, column: "v", row: 0, rowGroup: 0 },
          }),
      );
    }
  });
});

Deno.test("A row of another length in such a page is found, and the others are as they were written", () => {
  const rows = asRows(someNumbers(ROWS * WIDTH), WIDTH);
  const uneven = [...rows];
  uneven[20] = [...rows[20], 1];
  uneven[21] = rows[21].slice(1);
  return withFiles(uneven, async (file) => {
    for (const decodeWorkers of [0, 2]) {
      const options = { decodeWorkers, skipInvalid: true };
      await withRows(file, options, async (source) => {
        const { values } = await delivered(source, 700);
        assert.deepEqual(values, rows.toSpliced(20, 2));
      });
    }
  });
});
