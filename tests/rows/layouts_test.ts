import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import { parquetWriteFile } from "hyparquet-writer";
import { WriterPropertiesBuilder } from "parquet-wasm";
import { listColumns } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { delivered, rowsOf, withRows } from "./files.ts";
import { asRows, someNumbers, sql, sqlRows, writeArrow } from "./writers.ts";

const WIDTH = 5;
const rows = asRows(someNumbers(200 * WIDTH), WIDTH);

/** Texts of 0 to 6 tokens; some are null. */
const texts = Array.from(
  { length: 40 },
  (_, t) => t % 11 === 5 ? null : rows.slice(t * 5, t * 5 + (t * 3) % 7),
);
const tokens = texts.flatMap((text) => text ?? []);

async function writeTexts(file: string, version = "v1", compression = "zstd") {
  const from = sqlRows(texts as unknown[][], "FLOAT[][]");
  await sql(
    `COPY (SELECT id, 'text ' || id AS text, v FROM ${from} ORDER BY id) TO '${file}' (FORMAT parquet, PARQUET_VERSION ${version}, COMPRESSION ${compression}, ROW_GROUP_SIZE 16)`,
  );
}

Deno.test("openRows() takes each inner list of a nested column for a row", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/texts.parquet`;
    for (const version of ["v1", "v2"]) {
      await writeTexts(file, version);
      await withRows(file, {}, async (source) => {
        assert.equal(source.width, WIDTH);
        assert.equal(source.rowCount, tokens.length);
        assert.deepEqual((await delivered(source)).values, tokens);
        const middle = await source.read({ start: 30, end: 47 });
        assert.deepEqual([...middle], tokens.slice(30, 47).flat());
      });
    }
  }));

Deno.test("readItems() and readColumns() tell a nested row's text and place", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/texts.parquet`;
    await writeTexts(file);
    const places = texts.flatMap((text, t) =>
      (text ?? []).map((_, i) => [t, i])
    );
    await withRows([file, file], {}, async (source) => {
      const range = { start: 3, end: tokens.length + 9 };
      const items = await source.readItems!(range);
      const twice = [
        ...places,
        ...places.map(([t, i]) => [t + texts.length, i]),
      ];
      const expected = twice.slice(range.start, range.end);
      assert.deepEqual([...items.rows], expected.map(([text]) => text));
      assert.deepEqual([...items.items], expected.map(([, item]) => item));
      const [text, id] = await source.readColumns!(["text", "id"], range);
      const ids = expected.map(([t]) => t % texts.length);
      assert.deepEqual(text.values, ids.map((t) => `text ${t}`));
      assert.deepEqual(id.values.map(Number), ids);
      assert.equal((text.schema[0] as { name: string }).name, "text");
      await assert.rejects(
        source.readColumns!(["txt"], range),
        /No such column.*choose from: id, text/,
      );
    });
  }));

Deno.test("skipItems leaves out the first items of every text, and counts them", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/texts.parquet`;
    await writeTexts(file);
    const kept = texts.flatMap((text) => (text ?? []).slice(2));
    await withRows(file, { skipItems: 2 }, async (source) => {
      assert.deepEqual((await delivered(source)).values, kept);
      assert.equal(source.rowCount, tokens.length);
      const again = await delivered(source, 10, { shuffleSeed: 1 });
      assert.equal(again.rows.length, kept.length);
      assert.deepEqual(source.dropped, { items: tokens.length - kept.length });
    });
  }));

Deno.test("where keeps the rows whose other columns match", () =>
  inDirectory(async (directory) => {
    const nested = `${directory}/texts.parquet`;
    await writeTexts(nested);
    const kept = texts.flatMap((text, t) =>
      t >= 10 && t < 30 ? text ?? [] : []
    );
    const where = { $and: [{ id: { $gte: 10 } }, { id: { $lt: 30 } }] };
    const { values } = await rowsOf(nested, { where });
    assert.deepEqual(values, kept);
    const flat = `${directory}/flat.parquet`;
    await sql(
      `COPY (SELECT id, 'r' || id % 3 AS name, v FROM ${
        sqlRows(rows, "FLOAT[]")
      } ORDER BY id) TO '${flat}' (FORMAT parquet, ROW_GROUP_SIZE 64)`,
    );
    await withRows(
      flat,
      { where: { name: { $in: ["r1"] } } },
      async (source) => {
        const { rows: numbers, values } = await delivered(source);
        assert.deepEqual(values, rows.filter((_, i) => i % 3 === 1));
        assert.deepEqual(
          numbers,
          rows.map((_, i) => i).filter((i) => i % 3 === 1),
        );
        assert.equal(
          source.dropped.where,
          rows.filter((_, i) => i % 3 !== 1).length,
        );
      },
    );
    await assert.rejects(
      rowsOf(flat, { where: { nam: 1 } } as never),
      /No such column to filter by/,
    );
  }));

function halfBits(values: number[]): Uint16Array {
  return new Uint16Array(Float16Array.from(values).buffer);
}

function upperBits(values: number[]): Uint16Array {
  return Uint16Array.from(
    new Uint32Array(Float32Array.from(values).buffer),
    (bits) => bits >>> 16,
  );
}

function hex(bytes: Uint8Array): string {
  return `'${
    [...bytes].map((b) => `\\x${b.toString(16).padStart(2, "0")}`).join("")
  }'::BLOB`;
}

const BLOB_ENCODINGS = [
  ["FIXED_LEN_BYTE_ARRAY", "PLAIN"],
  ["FIXED_LEN_BYTE_ARRAY", "BYTE_STREAM_SPLIT"],
  ["FIXED_LEN_BYTE_ARRAY", "RLE_DICTIONARY"],
  ["BYTE_ARRAY", "PLAIN"],
  ["BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"],
  ["BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
  ["BYTE_ARRAY", "RLE_DICTIONARY"],
] as const;

Deno.test("openRows() reads blobs of f32, f16 and bf16, of fixed and of stated length", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/blobs.parquet`;
    const kinds = {
      f32: {
        store: (row: number[]) => Float32Array.from(row).buffer,
        load: (x: number) => x,
      },
      f16: {
        store: (row: number[]) => halfBits(row).buffer,
        load: (x: number) => new Float16Array([x])[0],
      },
      bf16: {
        store: (row: number[]) => upperBits(row).buffer,
        load: (x: number) =>
          new Float32Array(Uint32Array.of(upperBits([x])[0] << 16).buffer)[0],
      },
    };
    for (const [blobType, { store, load }] of Object.entries(kinds)) {
      const blobs = rows.map((row) => new Uint8Array(store(row)));
      const expected = rows.map((row) => row.map(load));
      for (const version of ["v1", "v2"]) {
        const values = blobs.map((blob, i) => `(${i}, ${hex(blob)})`).join(",");
        await sql(
          `COPY (SELECT v FROM (VALUES ${values}) t(id, v) ORDER BY id) TO '${file}' (FORMAT parquet, PARQUET_VERSION ${version}, ROW_GROUP_SIZE 64)`,
        );
        const options = { blobType: blobType as "f32" };
        assert.deepEqual((await rowsOf(file, options)).values, expected);
      }
      for (const [type, encoding] of BLOB_ENCODINGS) {
        for (const repetition_type of ["REQUIRED", "OPTIONAL"] as const) {
          const type_length = type === "BYTE_ARRAY"
            ? undefined
            : blobs[0].length;
          parquetWriteFile({
            filename: file,
            codec: "SNAPPY",
            pageSize: 300,
            rowGroupSize: 64,
            schema: [
              { name: "root", num_children: 1 },
              {
                name: "v",
                type,
                ...(type_length !== undefined && { type_length }),
                repetition_type,
              },
            ],
            columnData: [{ name: "v", data: blobs, encoding }],
          });
          const options = { blobType: blobType as "f32" };
          assert.deepEqual((await rowsOf(file, options)).values, expected);
        }
      }
    }
    await assert.rejects(
      rowsOf(file),
      /holds lists of numbers, but bytes: v \(bytes\).*--blob-type/,
    );
    await assert.rejects(
      rowsOf(file, { column: "v" }),
      /Column holds bytes.*--blob-type/,
    );
  }));

Deno.test("openRows() reads one scalar column a dimension", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/scalars.parquet`;
    for (const type of ["FLOAT", "DOUBLE"]) {
      const columns = Array.from(
        { length: WIDTH },
        (_, i) => `v[${i + 1}]::${type} AS x${i}`,
      );
      await sql(
        `COPY (SELECT id::VARCHAR AS name, ${columns} FROM ${
          sqlRows(rows, "FLOAT[]")
        } ORDER BY id) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 64)`,
      );
      assert.deepEqual((await rowsOf(file)).values, rows);
      assert.deepEqual((await rowsOf(file, { decodeWorkers: 1 })).values, rows);
      const two = await rowsOf(file, { column: "x3,x1" });
      assert.deepEqual(two.values, rows.map((row) => [row[3], row[1]]));
    }
    assert.deepEqual(await listColumns(file), [{
      name: "x*",
      width: WIDTH,
      layout: "scalar",
    }]);
  }));

Deno.test("openRows() reads lists of float16, and Arrow's fixed-size lists", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/v.parquet`;
    const halves = rows.map((row) => [...Float16Array.from(row)]);
    writeArrow(
      file,
      halves,
      new WriterPropertiesBuilder(),
      new arrow.Float16(),
    );
    assert.deepEqual((await rowsOf(file)).values, halves);
    const type = new arrow.FixedSizeList(
      WIDTH,
      new arrow.Field("item", new arrow.Float32(), false),
    );
    writeArrow(file, rows, new WriterPropertiesBuilder(), type, true);
    assert.deepEqual((await rowsOf(file)).values, rows);
  }));

Deno.test("listColumns() names every choice with its width", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/many.parquet`;
    await sql(
      `COPY (SELECT v, v || v AS twice, v[1:1 + id % 3] AS ragged, [1, 2]::INT[] AS ids, {'in': v} AS deep, 'x'::BLOB AS bytes, 'name' AS name FROM ${
        sqlRows(rows, "FLOAT[]")
      }) TO '${file}' (FORMAT parquet)`,
    );
    const list = (await listColumns(file)).map((
      { name, width, layout },
    ) => [name, width, layout]);
    assert.deepEqual(list, [
      ["v", WIDTH, "list"],
      ["twice", 2 * WIDTH, "list"],
      ["ragged", undefined, "list"],
      ["ids", 2, "list"],
      ["deep.in", WIDTH, "list"],
      ["bytes", undefined, "blob"],
    ]);
    await assert.rejects(
      rowsOf(file),
      /Several columns hold vectors: v \(5\), twice \(10\), deep\.in \(5\).*--column/,
    );
    assert.deepEqual((await rowsOf(file, { column: "deep.in" })).values, rows);
  }));
