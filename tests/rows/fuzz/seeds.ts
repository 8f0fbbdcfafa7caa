import { parquetWriteFile } from "hyparquet-writer";
import {
  Compression,
  WriterPropertiesBuilder,
  WriterVersion,
} from "parquet-wasm";
import { LocalFile } from "../../../src/files/bytes.ts";
import type { OpenRowsOptions } from "../../../src/rows/options.ts";
import { readFooter } from "../../../src/parquet/read/footer.ts";
import { chunkOf, walkPages } from "../../../src/parquet/read/pages.ts";
import {
  asRows,
  COMPRESSORS,
  someNumbers,
  sql,
  sqlRows,
  writeArrow,
  writeHyparquet,
  writePolars,
} from "../writers.ts";
import {
  DIMENSIONS,
  type Reading,
  readRows,
  SIDE_MARK,
  WIDTH,
} from "./readings.ts";

/** A file to damage, with where its parts lie. */
export interface Seed {
  name: string;
  bytes: Uint8Array;
  options: OpenRowsOptions;
  /** Places of numbers in Thrift structures that can be overwritten without moving anything: [offset, bytes]. */
  footerNumbers: [number, number][];
  headerNumbers: [number, number][];
  /** First bytes of pages: levels, where they are not compressed. */
  pageStarts: number[];
  rows: Reading;
}

/** Small files in every layout and encoding that matters to vectors. */
export async function makeSeeds(directory: string): Promise<Seed[]> {
  const numbers = someNumbers(60 * WIDTH);
  const rows = asRows(numbers, WIDTH);
  const path = (name: string) => `${directory}/${name}.parquet`;
  const files: [string, OpenRowsOptions][] = [];
  const add = (name: string, options: OpenRowsOptions = {}) => {
    files.push([path(name), options]);
    return path(name);
  };
  for (
    const [version, codec] of [["v1", "uncompressed"], ["v1", "zstd"], [
      "v2",
      "snappy",
    ], ["v2", "lz4_raw"]]
  ) {
    await sql(
      `COPY (SELECT v FROM ${sqlRows(rows, "FLOAT[]")} ORDER BY id) TO '${
        add(`duckdb-${version}-${codec}`)
      }' (FORMAT parquet, PARQUET_VERSION ${version}, COMPRESSION ${codec}, ROW_GROUP_SIZE 32)`,
    );
  }
  const texts = rows.map((_, t) => rows.slice(t, t + t % 4));
  await sql(
    `COPY (SELECT v FROM ${sqlRows(texts, "FLOAT[][]")} ORDER BY id) TO '${
      add("nested")
    }' (FORMAT parquet, COMPRESSION uncompressed)`,
  );
  const columns = rows[0].map((_, i) => `v[${i + 1}] AS x${i}`);
  await sql(
    `COPY (SELECT ${columns} FROM ${
      sqlRows(rows, "FLOAT[]")
    } ORDER BY id) TO '${
      add("scalars", { column: DIMENSIONS.join(",") })
    }' (FORMAT parquet, COMPRESSION snappy)`,
  );
  const properties = () =>
    new WriterPropertiesBuilder().setDataPageSizeLimit(300).setWriteBatchSize(8)
      .setDictionaryPageSizeLimit(200);
  writeArrow(
    add("arrow-v1"),
    rows,
    properties().setCompression(Compression.UNCOMPRESSED),
  );
  writeArrow(
    add("arrow-v2"),
    rows,
    properties().setCompression(Compression.GZIP).setWriterVersion(
      WriterVersion.V2,
    ),
  );
  writePolars(add("polars"), rows, { compression: "brotli" });
  writeHyparquet(add("split"), rows, { codec: "UNCOMPRESSED", pageSize: 300 }, {
    encoding: "BYTE_STREAM_SPLIT",
  });
  parquetWriteFile({
    filename: add("blob", { blobType: "f32" }),
    codec: "ZSTD",
    compressors: COMPRESSORS,
    pageSize: 300,
    columnData: [{
      name: "v",
      type: "BYTE_ARRAY",
      data: rows.map((row) => new Uint8Array(Float32Array.from(row).buffer)),
      encoding: "DELTA_LENGTH_BYTE_ARRAY",
    }],
  });
  return await Promise.all(
    files.map(([file, options]) => toSeed(file, options)),
  );
}

/** The same columns, of many types, as different writers and options store them. */
export async function makeSideSeeds(directory: string): Promise<Seed[]> {
  const rows = asRows(someNumbers(60 * WIDTH), WIDTH);
  const files: string[] = [];
  for (
    const [version, codec] of [["v1", "uncompressed"], ["v1", "zstd"], [
      "v2",
      "uncompressed",
    ], ["v2", "snappy"]]
  ) {
    const file = `${directory}/${SIDE_MARK}-${version}-${codec}.parquet`;
    files.push(file);
    await sql(
      `COPY (SELECT v, 'text ' || id AS text, 'kind ' || id % 3 AS kind,
        CASE WHEN id % 4 > 0 THEN id END AS number, id % 2 = 0 AS flag,
        DATE '2020-01-01' + CAST(id AS INTEGER) AS day,
        CAST(id AS DECIMAL(30, 2)) AS price,
        [id, id + 1, NULL][:id % 4] AS list,
        {'a': id, 'b': [id::VARCHAR]} AS pair
        FROM ${sqlRows(rows, "FLOAT[]")} ORDER BY id) TO '${file}'
        (FORMAT parquet, PARQUET_VERSION ${version}, COMPRESSION ${codec},
        ROW_GROUP_SIZE 32)`,
    );
  }
  return await Promise.all(
    files.map((file) => toSeed(file, { column: "v" })),
  );
}

async function toSeed(path: string, options: OpenRowsOptions): Promise<Seed> {
  const bytes = Deno.readFileSync(path);
  const file = new LocalFile(path);
  const { metadata, bytes: footer } = await readFooter(file, 2 ** 30);
  const footerNumbers = numbersIn(bytes, bytes.length - 8 - footer.length);
  const headerNumbers: [number, number][] = [];
  const pageStarts: number[] = [];
  for (const group of metadata.row_groups) {
    for (const column of group.columns) {
      const chunk = chunkOf(column, file.size);
      let header = chunk.start;
      for await (const page of walkPages(file, chunk, 2 ** 30)) {
        headerNumbers.push(...numbersIn(bytes, header));
        pageStarts.push(page.offset);
        header = page.offset + page.compressed;
      }
    }
  }
  file.close();
  const rows = await readRows(path, options);
  return {
    name: path.split("/").at(-1)!,
    bytes,
    options,
    footerNumbers,
    headerNumbers,
    pageStarts,
    rows,
  };
}

/** Where the variable-length numbers of a Thrift compact structure lie: values, lengths, sizes. */
function numbersIn(bytes: Uint8Array, start: number): [number, number][] {
  const found: [number, number][] = [];
  let at = start;
  const number = () => {
    const from = at;
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    found.push([from, at - from]);
    return value;
  };
  const element = (type: number) => {
    if (type === 3) at += 1;
    else if (type >= 4 && type <= 6) number();
    else if (type === 7) at += 8;
    else if (type === 8) {
      const size = number();
      at += size;
    } else if (type === 9) {
      const head = bytes[at++];
      const size = head >> 4 === 15 ? number() : head >> 4;
      for (let i = 0; i < size; i++) {
        (head & 15) <= 2 ? at++ : element(head & 15);
      }
    } else if (type === 12) struct();
  };
  const struct = () => {
    for (let head = bytes[at++]; head !== 0; head = bytes[at++]) {
      if (head >> 4 === 0) number();
      element(head & 15);
    }
  };
  struct();
  return found;
}
