import * as arrow from "apache-arrow";
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as wasm from "parquet-wasm";
import {
  float32Tensor,
  safetensorsParts,
} from "../../src/files/safetensors.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { reconstruct } from "../../src/model/reconstruct.ts";
import { openRows } from "../../src/rows/open.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { decode, type DecodeOptions } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { openCodes } from "../../src/use/codes_reader.ts";
import { inDirectory } from "../directories.ts";
import { makeModel, makeRows } from "../model/models.ts";
import {
  asRows,
  sql,
  sqlRows,
  writeArrow,
  writeHyparquet,
  writePolars,
} from "../rows/writers.ts";
import { CPU } from "./helpers.ts";

const WIDTH = 6;
const COUNT = 50;
const MODEL = makeModel({ width: WIDTH, atoms: 20 });
const ROWS = makeRows(MODEL, COUNT);
const LISTS = asRows(ROWS, WIDTH);
const ARROW = fileURLToPath(new URL("../rows/arrow/data/", import.meta.url));

/** Numbers to the precision of a type. */
const ROUNDED: Record<string, (value: number) => number> = {
  f32: Math.fround,
  f64: Math.fround,
  f16: Math.f16round,
  bf16: (value) => {
    const bits = new Uint32Array(Float32Array.of(value).buffer);
    bits[0] = (bits[0] + 0x7FFF + (bits[0] >>> 16 & 1)) & 0xFFFF0000;
    return new Float32Array(bits.buffer)[0];
  },
};

async function readAll(path: string, options: OpenRowsOptions) {
  const source = await openRows(path, { ...options, decodeWorkers: 0 });
  const data = await source.read({ start: 0, end: source.rowCount });
  const { element } = source;
  await source.close();
  return { data, element };
}

interface Trip {
  reading?: OpenRowsOptions;
  encoding?: OpenRowsOptions;
  model?: DictionaryModel;
}

/** Encodes a file and decodes it like itself; what was there, what is there now, and what the codes say. */
async function roundTrip(
  directory: string,
  input: string,
  { reading = {}, encoding = {}, model = MODEL }: Trip = {},
) {
  const codes = join(directory, "codes.parquet");
  const source = await openRows(input, { ...reading, ...encoding });
  await encode(model, source, { out: codes, overwrite: true, ...CPU });
  await source.close();
  const out = join(directory, `rebuilt${/\.[a-z0-9]+$/.exec(input)![0]}`);
  const { column, blobType, width } = reading;
  const options = { column, blobType, width, like: input, overwrite: true };
  const result = await decode(model, codes, { out, ...options });
  const reader = await openCodes(codes, model);
  const rebuilt: number[] = [];
  for await (const { codes } of reader.batches()) {
    rebuilt.push(...reconstruct(model, codes));
  }
  reader.close();
  return {
    out,
    result,
    before: await readAll(input, reading),
    after: await readAll(out, reading),
    rebuilt,
  };
}

/** Encodes and decodes a file with all of its rows. */
async function assertRebuilt(
  directory: string,
  input: string,
  element: string,
  trip: Trip = {},
): Promise<string> {
  const { out, result, after, rebuilt } = await roundTrip(
    directory,
    input,
    trip,
  );
  assert.equal(result.rowsUnchanged, 0);
  assert.equal(after.element ?? element, element);
  assert.deepEqual([...after.data], rebuilt.map(ROUNDED[element]));
  return out;
}

/** Columns of every kind beside the vectors. */
const OTHERS = `
  CASE WHEN id % 3 = 0 THEN NULL ELSE 'text ' || id END AS text,
  id % 2 = 0 AS even, CASE id % 3 WHEN 0 THEN 'a longer text' ELSE 'another one' END AS often, id::DECIMAL(9, 2) AS price, DATE '2026-01-01' + id::INT AS day,
  {'a': id, 'b': [id, NULL]} AS nested, make_timestamp(id * 1000000) AS at`;

async function describeFile(path: string) {
  return await sql(
    `SELECT name, type, repetition_type, converted_type, logical_type FROM parquet_schema('${path}')`,
  );
}

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

Deno.test("decode() like a file leaves vectors without codes as they are, to the bit", async () => {
  await inDirectory(async (directory) => {
    const texts = [LISTS.slice(0, 3), LISTS.slice(3, 20), LISTS.slice(20)];
    const input = join(directory, "in.parquet");
    await sql(
      `COPY (SELECT * FROM ${
        sqlRows(texts, "DOUBLE[][]")
      }) TO '${input}' (FORMAT parquet)`,
    );
    const { result, before, after, rebuilt } = await roundTrip(
      directory,
      input,
      { encoding: { skipItems: 1 } },
    );
    assert.equal(result.rows, COUNT - 3);
    assert.equal(result.rowsUnchanged, 3);
    let next = 0;
    for (let row = 0; row < COUNT; row++) {
      const range = [row * WIDTH, (row + 1) * WIDTH];
      const found = [...after.data.subarray(...range)];
      const first = [0, 3, 20].includes(row);
      const expected = first
        ? [...before.data.subarray(...range)]
        : rebuilt.slice(next, next += WIDTH).map(Math.fround);
      assert.deepEqual(found, expected, `row ${row}`);
    }
    const holes = LISTS.map((row, i) => i === 4 ? null : i === 7 ? [] : row);
    await sql(
      `COPY (SELECT * FROM ${
        sqlRows(holes as unknown[][], "FLOAT[]")
      }) TO '${input}' (FORMAT parquet)`,
    );
    const codes = join(directory, "some.parquet");
    const source = await openRows(input, { skipInvalid: true });
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const out = join(directory, "holes.parquet");
    const done = await decode(MODEL, codes, { out, like: input });
    assert.equal(done.rowsUnchanged, 2);
    const [was, is] = await sql(
      `SELECT a.v::VARCHAR, b.v::VARCHAR FROM '${input}' a JOIN '${out}' b USING (id) WHERE id IN (4, 7) ORDER BY id`,
    );
    assert.deepEqual(is, was);
    assert.deepEqual(is, [null, "[]"]);
    const npy = join(directory, "in.f32");
    await Deno.writeFile(npy, new Uint8Array(ROWS.buffer));
    const raw = await roundTrip(directory, npy, {
      reading: { width: WIDTH },
      encoding: { maxRows: 10 },
    });
    assert.equal(raw.result.rowsUnchanged, COUNT - 10);
    assert.deepEqual(
      raw.after.data.subarray(10 * WIDTH),
      ROWS.subarray(10 * WIDTH),
    );
    assert.notDeepEqual(
      raw.after.data.subarray(0, WIDTH),
      ROWS.subarray(0, WIDTH),
    );
  });
});

Deno.test("decode() like a file that is stopped leaves nothing", async () => {
  await inDirectory(async (directory) => {
    const input = join(directory, "in.parquet");
    writeHyparquet(input, LISTS, { rowGroupSize: 10, codec: "ZSTD" });
    const codes = join(directory, "codes.parquet");
    const source = await openRows(input);
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const stop = new AbortController();
    const reason = new Error("enough");
    const seen: number[] = [];
    await assert.rejects(
      decode(MODEL, codes, {
        out: join(directory, "out.parquet"),
        like: input,
        signal: stop.signal,
        onProgress: ({ rows, total }) => {
          assert.equal(total, COUNT);
          seen.push(rows);
          stop.abort(reason);
        },
      }),
      reason,
    );
    assert.deepEqual(seen, [10]);
    const left = await Array.fromAsync(
      Deno.readDir(directory),
      ({ name }) => name,
    );
    assert.deepEqual(left.sort(), ["codes.parquet", "in.parquet"]);
  });
});

Deno.test("decode() like a file refuses codes of others, whole numbers, other endings and its own place", async () => {
  await inDirectory(async (directory) => {
    const path = (name: string) => join(directory, name);
    const writeRows = async (
      name: string,
      rows: number[][],
      type = "FLOAT[]",
    ) =>
      await sql(
        `COPY (SELECT * FROM ${sqlRows(rows, type)}) TO '${
          path(name)
        }' (FORMAT parquet)`,
      );
    await writeRows("in.parquet", LISTS);
    await writeRows("short.parquet", LISTS.slice(0, 9));
    await writeRows("narrow.parquet", LISTS.map((row) => row.slice(1)));
    await writeRows(
      "whole.parquet",
      LISTS.map((row) => row.map(Math.round)),
      "INT[]",
    );
    const source = await openRows(path("in.parquet"));
    const codes = path("codes.parquet");
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const refused = (
      like: string,
      message: RegExp,
      options: Partial<DecodeOptions> = {},
    ) =>
      assert.rejects(
        decode(MODEL, codes, {
          out: path("out.parquet"),
          like: path(like),
          ...options,
        }),
        message,
      );
    await refused(
      "short.parquet",
      /codes of row 9 are not of the input's rows/,
    );
    await refused("narrow.parquet", /Rows have 5 dimensions, the model 6/);
    await refused("whole.parquet", /whole numbers/);
    await writeRows(
      "ragged.parquet",
      LISTS.map((row, i) => i === 3 ? row.slice(1) : row),
    );
    await refused("ragged.parquet", /Row holds 5 values instead of 6/);
    await refused("none.parquet", /No such file|not found/i);
    await refused("in.parquet", /is written as \.parquet/, {
      out: path("out.npy"),
    });
    await refused("in.parquet", /would replace an input/, {
      out: path("in.parquet"),
    });
    await refused("in.parquet", /No such column/, { column: "w" });
    const damaged = await Deno.readFile(path("in.parquet"));
    damaged.fill(0x7F, 60, 400);
    await Deno.writeFile(path("damaged.parquet"), damaged);
    await refused("damaged.parquet", /Cannot decode, .*damaged\.parquet/s);
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name))
        .filter((name) => name.includes("out")),
      [],
    );
  });
});

Deno.test("decode() like a file that nobody may write gives one that its owner may; of another file nothing is replaced", async () => {
  await inDirectory(async (directory) => {
    const path = (name: string) => join(directory, name);
    for (const name of ["one.f32", "two.f32"]) {
      await Deno.writeFile(path(name), new Uint8Array(ROWS.buffer));
      await Deno.chmod(path(name), 0o444);
    }
    const codes = path("codes.parquet");
    const source = await openRows(path("one.f32"), { width: WIDTH });
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const out = path("rebuilt.f32");
    const like = path("one.f32");
    await decode(MODEL, codes, { out, like, width: WIDTH });
    assert.equal((await Deno.stat(out)).mode! & 0o777, 0o644);
    for (const name of ["one.parquet", "two.parquet"]) {
      await sql(
        `COPY (SELECT * FROM ${sqlRows(LISTS, "FLOAT[]")}) TO '${
          path(name)
        }' (FORMAT parquet)`,
      );
    }
    const table = path("rebuilt.parquet");
    const once = { out: table, like: path("one.parquet") };
    await decode(MODEL, codes, once);
    await decode(MODEL, codes, once);
    for (const like of [undefined, path("two.parquet")]) {
      await assert.rejects(
        decode(MODEL, codes, { out: table, like }),
        /--overwrite|overwrite/,
      );
    }
  });
});
