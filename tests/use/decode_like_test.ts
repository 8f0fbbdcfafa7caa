import * as arrow from "apache-arrow";
import assert from "node:assert/strict";
import { join } from "node:path";
import * as wasm from "parquet-wasm";
import {
  float32Tensor,
  safetensorsParts,
} from "../../src/files/safetensors.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { decode } from "../../src/use/decode.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import {
  sql,
  sqlRows,
  writeArrow,
  writeHyparquet,
  writePolars,
} from "../rows/writers.ts";
import {
  ARROW,
  assertRebuilt,
  COUNT,
  describeFile,
  LISTS,
  OTHERS,
  ROWS,
  WIDTH,
} from "./decode_like.ts";

const TABLES: Record<string, [type: string, element: string, nested?: true]> = {
  "lists of floats": ["FLOAT[]", "f32"],
  "lists of doubles": ["DOUBLE[]", "f64"],
  "lists of fixed size": [`FLOAT[${WIDTH}]`, "f32"],
  "lists of lists": ["FLOAT[][]", "f32", true],
};

for (const [name, [type, element, nested]] of Object.entries(TABLES)) {
  Deno.test(`decode() like Parquet with ${name}: columns beside them, schema, order and types stay`, async () => {
    await inDirectory(async (directory) => {
      const input = join(directory, "in.parquet");
      const rows = nested
        ? [LISTS.slice(0, 3), [], LISTS.slice(3, 20), LISTS.slice(20)]
        : LISTS;
      for (const compression of ["zstd", "snappy"]) {
        await sql(
          `COPY (SELECT id, v, ${OTHERS} FROM ${
            sqlRows(rows, type)
          }) TO '${input}' (FORMAT parquet, COMPRESSION ${compression})`,
        );
        const trip = { reading: { column: "v" } };
        const out = await assertRebuilt(directory, input, element, trip);
        const others = (path: string) =>
          sql(`SELECT * EXCLUDE (v) FROM '${path}' ORDER BY id`);
        assert.deepEqual(await others(out), await others(input));
        assert.deepEqual(await describeFile(out), await describeFile(input));
        const codec = (path: string) =>
          sql(`SELECT compression FROM parquet_metadata('${path}')`);
        assert.deepEqual(await codec(out), await codec(input));
        const lengths = (path: string) =>
          sql(`SELECT len(v) FROM '${path}' ORDER BY id`);
        assert.deepEqual(await lengths(out), await lengths(input));
      }
    });
  });
}

Deno.test("decode() like Parquet with a column a dimension", async () => {
  await inDirectory(async (directory) => {
    const input = join(directory, "in.parquet");
    const columns = LISTS[0].map((_, d) => `v[${d + 1}] AS x${d}`);
    await sql(
      `COPY (SELECT ${columns}, id FROM ${
        sqlRows(LISTS, "DOUBLE[]")
      }) TO '${input}' (FORMAT parquet)`,
    );
    await assertRebuilt(directory, input, "f64");
  });
});

Deno.test("decode() like Parquet with bytes", async () => {
  await inDirectory(async (directory) => {
    const input = join(directory, "in.parquet");
    for (const blobType of ["f32", "f16", "bf16"] as const) {
      const bytes = LISTS.map((row) => {
        if (blobType === "f32") {
          return new Uint8Array(Float32Array.from(row).buffer);
        }
        if (blobType === "f16") {
          return new Uint8Array(Float16Array.from(row).buffer);
        }
        const bits = new Uint32Array(Float32Array.from(row).buffer);
        return new Uint8Array(Uint16Array.from(bits, (b) => b >>> 16).buffer);
      });
      const hex = bytes.map((row, i) => `(${i}, from_hex('${row.toHex()}'))`);
      await sql(
        `COPY (SELECT * FROM (VALUES ${hex}) t(id, v)) TO '${input}' (FORMAT parquet)`,
      );
      const reading = { column: "v", blobType };
      await assertRebuilt(directory, input, blobType, { reading });
    }
  });
});

Deno.test("decode() like Parquet of other writers: many row groups and pages, dictionaries, pages that end within a row", async () => {
  await inDirectory(async (directory) => {
    const input = join(directory, "in.parquet");
    writePolars(input, LISTS, { compression: "gzip" });
    await assertRebuilt(directory, input, "f32");
    writeHyparquet(input, LISTS, { rowGroupSize: 7, codec: "ZSTD" }, {
      encoding: "BYTE_STREAM_SPLIT",
    });
    await assertRebuilt(directory, input, "f32");
    const coarse = LISTS.map((row) => row.map((value) => Math.round(value)));
    for (
      const version of [
        wasm.WriterVersion.V1,
        wasm.WriterVersion.V2,
      ]
    ) {
      const properties = () =>
        new wasm.WriterPropertiesBuilder().setWriterVersion(version)
          .setDataPageSizeLimit(32).setWriteBatchSize(4)
          .setMaxRowGroupSize(23);
      writeArrow(input, coarse, properties());
      await assertRebuilt(directory, input, "f32");
      writeArrow(input, coarse, properties(), new arrow.Float16());
      await assertRebuilt(directory, input, "f16");
    }
  });
});

Deno.test("decode() like .npy, safetensors and raw numbers: only the vectors' bytes change", async () => {
  await inDirectory(async (directory) => {
    const header = (type: string) => {
      const text =
        `{'descr': '${type}', 'fortran_order': False, 'shape': (5, 10, ${WIDTH}), }\n`;
      const bytes = new TextEncoder().encode(`\x93NUMPY`);
      const head = Uint8Array.of(
        0x93,
        ...bytes.subarray(2),
        1,
        0,
        text.length,
        0,
      );
      return [head, new TextEncoder().encode(text)];
    };
    const turned = new Float64Array(ROWS);
    const big = new Uint8Array(turned.buffer.slice());
    for (let at = 0; at < big.length; at += 8) {
      big.subarray(at, at + 8).reverse();
    }
    const files: [string, Uint8Array[], string, OpenRowsOptions?][] = [
      ["a.npy", [...header("<f4"), new Uint8Array(ROWS.buffer)], "f32"],
      ["b.npy", [
        ...header("<f2"),
        new Uint8Array(Float16Array.from(ROWS).buffer),
      ], "f16"],
      ["c.npy", [...header(">f8"), big], "f64"],
      ["d.f32", [new Uint8Array(ROWS.buffer)], "f32", { width: WIDTH }],
      [
        "e.safetensors",
        safetensorsParts({
          bias: float32Tensor(Float32Array.of(1, 2, 3), 3),
          hidden: {
            dtype: "BF16",
            shape: [COUNT, WIDTH],
            bytes: new Uint8Array(
              Uint16Array.from(
                new Uint32Array(ROWS.buffer.slice()),
                (bits) => bits >>> 16,
              ).buffer,
            ),
          },
        }, { note: "kept" }),
        "bf16",
      ],
    ];
    for (const [name, parts, element, reading] of files) {
      const input = join(directory, name);
      await Deno.writeFile(
        input,
        new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()),
      );
      const out = await assertRebuilt(directory, input, element, {
        reading: reading ?? {},
      });
      const [was, is] = [await Deno.readFile(input), await Deno.readFile(out)];
      assert.equal(was.length, is.length);
      const first = was.length -
        COUNT * WIDTH * { f32: 4, f64: 8, f16: 2, bf16: 2 }[element]!;
      const kept = name.startsWith("e") ? 168 : first;
      assert.deepEqual(is.subarray(0, kept), was.subarray(0, kept));
    }
  });
});

Deno.test("decode() like an Arrow cache: nested and flat vectors, halves and doubles; compressed buffers are refused", async () => {
  await inDirectory(async (directory) => {
    const model = makeModel({ width: 8, atoms: 20 });
    const files: [string, string][] = [
      ["fsl-f32.arrow", "f32"],
      ["fsl-f32.arrows", "f32"],
      ["largelist-f64.arrow", "f64"],
      ["list-f16.arrow", "f16"],
      ["saelens-cache-float16/data-00001-of-00002.arrow", "f16"],
      ["array2d-ragged/data-00000-of-00001.arrow", "f32"],
    ];
    for (const [name, element] of files) {
      await assertRebuilt(directory, ARROW + name, element, { model });
    }
    const codes = join(directory, "codes.parquet");
    const like = `${ARROW}fsl-f32-zstd.arrow`;
    await assert.rejects(
      decode(model, codes, { out: join(directory, "x.arrow"), like }),
      /Arrow buffers are compressed/,
    );
  });
});
