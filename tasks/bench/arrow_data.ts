import * as arrow from "apache-arrow";
import { randomStream } from "../../src/random.ts";

// Writes a cache of activations as Hugging Face's save_to_disk does, an Arrow stream: deno run -A -c tests/deno.json
// tasks/bench/arrow_data.ts FILE BATCHES
// A record batch has 100 contexts of 100 tokens, 768 wide, in float32 (31 MB; 326 of them make 10 GB), and token ids
// beside. Rows are planted, sparse in 512 directions; every batch has the same.

const CONTEXTS = 100;
const TOKENS = 100;
const WIDTH = 768;
const DIRECTIONS = 512;
const SPARSITY = 8;
const NOISE = 0.02;

const [path, batches] = Deno.args;
const random = randomStream(0, "bench arrow");
const stream = arrow.tableToIPC(makeTable(), "stream");
// The schema's message: a mark and its length, then the schema; after the batch there is a mark of the end.
const schemaBytes = 8 +
  new DataView(stream.buffer, stream.byteOffset).getInt32(4, true);
const END_BYTES = 8;
using file = Deno.openSync(path, { create: true, write: true, truncate: true });
put(stream.subarray(0, schemaBytes));
const batch = stream.subarray(schemaBytes, stream.length - END_BYTES);
for (let i = 0; i < Number(batches); i++) put(batch);
put(stream.subarray(stream.length - END_BYTES));

function put(bytes: Uint8Array) {
  while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
}

function makeTable(): arrow.Table {
  const rows = CONTEXTS * TOKENS;
  const ids = Int32Array.from({ length: rows }, () => random.integer(50257));
  const values = arrow.makeData({
    type: new arrow.Float32(),
    data: planted(rows),
  });
  const tokens = arrow.makeData({ type: new arrow.Int32(), data: ids });
  const activations = listOf(listOf(values, WIDTH), TOKENS);
  return new arrow.Table({
    "blocks.3.hook_resid_pre": new arrow.Vector([activations]),
    token_ids: new arrow.Vector([listOf(tokens, TOKENS)]),
  });
}

function listOf<T extends arrow.DataType>(child: arrow.Data<T>, size: number) {
  const length = child.length / size;
  return arrow.makeData({
    type: new arrow.List(new arrow.Field("item", child.type, true)),
    length,
    nullCount: 0,
    valueOffsets: Int32Array.from({ length: length + 1 }, (_, i) => i * size),
    child,
  });
}

function planted(rows: number): Float32Array {
  const directions = Float32Array.from(
    { length: DIRECTIONS * WIDTH },
    () => random.normal() / Math.sqrt(WIDTH),
  );
  const values = new Float32Array(rows * WIDTH);
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * WIDTH, (i + 1) * WIDTH);
    for (let p = 0; p < WIDTH; p++) row[p] = NOISE * random.normal();
    for (let s = 0; s < SPARSITY; s++) {
      const from = WIDTH * random.integer(DIRECTIONS);
      const factor = random.normal();
      for (let p = 0; p < WIDTH; p++) row[p] += factor * directions[from + p];
    }
  }
  return values;
}
