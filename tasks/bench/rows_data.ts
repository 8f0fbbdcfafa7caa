import * as arrow from "apache-arrow";
import { parquetMetadata } from "hyparquet";
import { ByteWriter, parquetWriteFile } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import * as wasm from "parquet-wasm";
import { fileURLToPath } from "node:url";
import { randomStream } from "../../src/random.ts";
import { openRows } from "../../src/rows/open.ts";

// Writes the files that row delivery is measured on: deno run -A tasks/bench/rows_data.ts DIRECTORY [COPIES] 8192
// rows of 2304 floats as arrow-rs writes lists, in every codec, and as one blob a row; with COPIES, the snappy file's
// row groups that many times over in one more file (134 make 10 GB). The numbers are random, with mantissas that no
// codec shortens; in files called bf16-… they are normally distributed and rounded to bfloat16, as activations of a
// model that computes in it; in files called words-… they are the sample's word vectors, one after the other.

const ROWS = 8192;
const WIDTH = 2304;
const CODECS = ["UNCOMPRESSED", "SNAPPY", "ZSTD", "GZIP", "LZ4_RAW"] as const;

const [directory, copies] = Deno.args;
Deno.mkdirSync(directory, { recursive: true });
const random = randomStream(0, "bench rows");
const numbers = Float32Array.from(
  { length: ROWS * WIDTH },
  () => random.uniform() + random.uniform() - 1,
);
writeLists("", numbers, CODECS);
writeBlobs(numbers);
writeLists("bf16-", roundedNormals(), ["SNAPPY", "LZ4_RAW", "ZSTD"]);
writeLists("words-", await wordVectors(), ["SNAPPY", "LZ4_RAW", "ZSTD"]);
if (copies !== undefined) {
  repeat(`${directory}/SNAPPY.parquet`, `${directory}/many.parquet`, +copies);
}

// The lower half of every number is zero.
function roundedNormals(): Float32Array {
  const normals = numbers.map(() => random.normal());
  const bits = new Uint32Array(normals.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] + 0x8000) & ~0xFFFF;
  return normals;
}

async function wordVectors(): Promise<Float32Array> {
  const sample = new URL("../../samples/glove-10k.parquet", import.meta.url);
  const source = await openRows(fileURLToPath(sample), { decodeWorkers: 0 });
  const words = await source.read({ start: 0, end: source.rowCount });
  await source.close();
  return numbers.map((_, i) => words[i % words.length]);
}

function writeLists(
  name: string,
  numbers: Float32Array,
  codecs: readonly (typeof CODECS)[number][],
) {
  const item = new arrow.Field("item", new arrow.Float32(), false);
  const type = new arrow.FixedSizeList(WIDTH, item);
  const child = arrow.makeData({ type: new arrow.Float32(), data: numbers });
  const data = arrow.makeData({ type, length: ROWS, nullCount: 0, child });
  const table = new arrow.Table({ v: arrow.makeVector(data) });
  const ipc = arrow.tableToIPC(table, "stream");
  for (const codec of codecs) {
    const properties = new wasm.WriterPropertiesBuilder()
      .setCompression(wasm.Compression[codec])
      .setDictionaryEnabled(false)
      .setMaxRowGroupSize(1024)
      .build();
    const bytes = wasm.writeParquet(wasm.Table.fromIPCStream(ipc), properties);
    Deno.writeFileSync(`${directory}/${name}${codec}.parquet`, bytes);
  }
}

function writeBlobs(numbers: Float32Array) {
  const bytes = new Uint8Array(numbers.buffer);
  const size = WIDTH * 4;
  parquetWriteFile({
    filename: `${directory}/blobs.parquet`,
    codec: "UNCOMPRESSED",
    statistics: false,
    rowGroupSize: 1024,
    schema: [
      { name: "root", num_children: 1 },
      {
        name: "v",
        type: "FIXED_LEN_BYTE_ARRAY",
        type_length: size,
        repetition_type: "REQUIRED",
      },
    ],
    columnData: [{
      name: "v",
      encoding: "PLAIN",
      data: Array.from(
        { length: ROWS },
        (_, i) => bytes.subarray(i * size, (i + 1) * size),
      ),
    }],
  });
}

// The same row groups again and again, behind a footer that knows them all.
function repeat(from: string, to: string, copies: number) {
  const bytes = Deno.readFileSync(from);
  const metadata = parquetMetadata(bytes.buffer);
  const chunks = metadata.row_groups.map((group) => group.columns[0]);
  const places = chunks.map(({ meta_data }) =>
    Number(meta_data!.data_page_offset)
  );
  const first = Math.min(...places);
  const end = Math.max(
    ...chunks.map(({ meta_data }, i) =>
      places[i] + Number(meta_data!.total_compressed_size)
    ),
  );
  using file = Deno.openSync(to, { create: true, write: true, truncate: true });
  const put = (bytes: Uint8Array) => {
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
  };
  const magic = new TextEncoder().encode("PAR1");
  put(magic);
  const groups: typeof metadata.row_groups = [];
  for (let copy = 0; copy < copies; copy++) {
    put(bytes.subarray(first, end));
    metadata.row_groups.forEach((group, i) => {
      const offset = 4 + copy * (end - first) + places[i] - first;
      const {
        statistics: _statistics,
        size_statistics: _sizes,
        ...known
      } = chunks[i].meta_data!;
      const meta_data = { ...known, data_page_offset: BigInt(offset) };
      const columns = [{ file_offset: 0n, meta_data }];
      const { file_offset: _offset, ...others } = group;
      groups.push({ ...others, columns });
    });
  }
  const { key_value_metadata: _keys, ...withoutKeys } = metadata;
  const writer = new ByteWriter();
  writeMetadata(writer as unknown as Parameters<typeof writeMetadata>[0], {
    ...withoutKeys,
    row_groups: groups,
    num_rows: metadata.num_rows * BigInt(copies),
  });
  put(writer.getBytes());
  put(magic);
}
