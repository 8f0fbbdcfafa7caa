import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import * as wasm from "parquet-wasm";
import { npyParts } from "../../src/files/npy.ts";
import { openRows } from "../../src/rows/open.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory } from "../directories.ts";
import { dictionaryBytes } from "../reliability/runs.ts";
import { someNumbers } from "./writers.ts";

/** More than one block of rows, so that blocks have an order. */
const [WIDTH, CONTEXT, SEQUENCES] = [512, 16, 1100];

/** Lists of lists over numbers that are there, as a cache of activations has them. */
function cacheOf(numbers: Float32Array) {
  const list = (child: arrow.Data, size: number) =>
    arrow.makeData({
      type: new arrow.List(new arrow.Field("item", child.type, true)),
      length: child.length / size,
      nullCount: 0,
      valueOffsets: Int32Array.from(
        { length: child.length / size + 1 },
        (_, i) => i * size,
      ),
      child: child as never,
    });
  const values = arrow.makeData({ type: new arrow.Float32(), data: numbers });
  const acts = list(list(values, WIDTH), CONTEXT);
  return new arrow.Table({ acts: arrow.makeVector(acts) });
}

Deno.test("The same rows train to the same bytes from a cache in Arrow, from Parquet and from an array", () =>
  inDirectory(async (directory) => {
    const numbers = someNumbers(SEQUENCES * CONTEXT * WIDTH, 5);
    const stream = arrow.tableToIPC(cacheOf(numbers), "stream");
    const properties = new wasm.WriterPropertiesBuilder()
      .setMaxRowGroupSize(SEQUENCES).build();
    const table = wasm.Table.fromIPCStream(stream);
    const npy = npyParts(numbers, [SEQUENCES, CONTEXT, WIDTH]);
    const files: Record<string, Uint8Array | ReadableStream<Uint8Array>> = {
      "acts.arrow": stream,
      "acts.parquet": wasm.writeParquet(table, properties),
      "acts.npy": new Blob(npy as BlobPart[]).stream(),
    };
    const models: Uint8Array[] = [];
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${directory}/${name}`, bytes);
      const source = await openRows(`${directory}/${name}`);
      assert.equal(source.rowCount, SEQUENCES * CONTEXT);
      const out = `${directory}/${name}.model`;
      await trainToDirectory(
        source,
        {
          atoms: 16,
          sparsity: 2,
          passes: 1,
          sampleBatch: 4096,
          holdout: 100,
          holdoutBy: "row",
        },
        { out },
        { device: "cpu" },
      );
      models.push(await dictionaryBytes(out));
      await source.close();
    }
    assert.deepEqual(models[1], models[0]);
    assert.deepEqual(models[2], models[0]);
  }));
