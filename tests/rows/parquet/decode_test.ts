import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { LocalFile } from "../../../src/files/bytes.ts";
import { vectorLeaves } from "../../../src/parquet/read/columns.ts";
import { PageDecoder } from "../../../src/parquet/read/decode.ts";
import { readFooter } from "../../../src/parquet/read/footer.ts";
import {
  chunkOf,
  type Page,
  walkPages,
} from "../../../src/parquet/read/pages.ts";
import { inDirectory } from "../../directories.ts";
import { asRows, someNumbers, writeHyparquet } from "../writers.ts";

const WIDTH = 9;
const numbers = someNumbers(50 * WIDTH);

Deno.test("decode() checks the checksums that pages carry", () =>
  inDirectory(async (directory) => {
    for (const codec of ["UNCOMPRESSED", "SNAPPY"]) {
      const path = `${directory}/${codec}.parquet`;
      writeHyparquet(path, asRows(numbers, WIDTH), { codec, pageSize: 300 });
      const file = new LocalFile(path);
      const { metadata } = await readFooter(file, 2 ** 20);
      const chunk = chunkOf(metadata.row_groups[0].columns[0], file.size);
      const pages: Page[] = [];
      let dictionary: Page | undefined;
      for await (const page of walkPages(file, chunk, 2 ** 20)) {
        const crc = crc32(await file.read(page.offset, page.compressed));
        // Headers hold it as a signed number.
        const checked = { ...page, crc: crc | 0 };
        if (page.version === 0) dictionary = checked;
        else pages.push(checked);
      }
      const decode = (pages: Page[], startRow = 0, endRow = 50) => {
        const [leaf] = vectorLeaves(metadata);
        const out = new Float32Array((endRow - startRow) * WIDTH);
        const columns = [{ leaf, codec, pages, dictionary }];
        const spec = { columns, width: WIDTH, startRow, endRow };
        assert.deepEqual(new PageDecoder(file, 0).decode(spec, out), []);
        return out;
      };
      assert.deepEqual(decode(pages), numbers);
      assert.deepEqual(
        decode(pages, 7, 33),
        numbers.slice(7 * WIDTH, 33 * WIDTH),
      );
      const wrong = pages.with(2, { ...pages[2], crc: pages[2].crc! ^ 1 });
      assert.throws(() => decode(wrong), /checksum does not match/);
      file.close();
    }
  }));
