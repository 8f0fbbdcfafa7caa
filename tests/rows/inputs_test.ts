import * as arrow from "apache-arrow";
import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { assertRefused, delivered, npy, rowsOf, withRows } from "./files.ts";
import { asRows, someNumbers, sql, writeHyparquet } from "./writers.ts";

const WIDTH = 4;
const numbers = someNumbers(90 * WIDTH);
const rows = asRows(numbers, WIDTH);

function safetensors(
  tensors: Record<
    string,
    { dtype: string; shape: number[]; data: ArrayBufferView }
  >,
): Uint8Array {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = {
      dtype,
      shape,
      data_offsets: [end, end += data.byteLength],
    };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  let at = 8 + json.length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      at,
    );
    at += data.byteLength;
  }
  return bytes;
}

Deno.test("openRows() says where one file is read twice, by a link or a pattern", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.npy`;
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    await Deno.writeFile(file, npy("<f4", `90, ${WIDTH}`, numbers));
    await Deno.copyFile(file, `${directory}/b.npy`);
    await withRows(directory, { onNotice }, async () => {});
    assert.deepEqual(notices, []);
    await Deno.symlink("a.npy", `${directory}/latest.npy`);
    await withRows(directory, { onNotice }, (source) => {
      assert.equal(source.rowCount, 270);
      return Promise.resolve();
    });
    assert.match(notices.join(), /latest\.npy is the same file as .*a\.npy/);
    await withRows([file, `${directory}/a*`], { onNotice }, async () => {});
    assert.equal(notices.length, 2);
  }));

Deno.test("openRows() says where vectors are whole numbers in one file and fractions in another", () =>
  inDirectory(async (directory) => {
    const [a, b, c] = ["a", "b", "c"].map((name) => `${directory}/${name}`);
    await sql(
      `COPY (SELECT [1.5, 2]::FLOAT[] AS e) TO '${a}.parquet'`,
      `COPY (SELECT [127, -3]::TINYINT[] AS e) TO '${b}.parquet'`,
    );
    const whole = arrow.vectorFromArray(
      [[5, 7]],
      new arrow.List(new arrow.Field("item", new arrow.Int8(), true)),
    );
    const table = new arrow.Table({ e: whole } as never);
    await Deno.writeFile(`${c}.arrow`, arrow.tableToIPC(table, "file"));
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    await rowsOf([`${a}.parquet`, `${b}.parquet`, `${c}.arrow`], { onNotice });
    assert.equal(notices.length, 2);
    assert.match(notices[0], /b\.parquet: its numbers are i32, .* f32/);
    assert.match(notices[1], /c\.arrow: its numbers are i8, .* f32/);
  }));

Deno.test("openRows() refuses a column where no input has any", () =>
  inDirectory(async (directory) => {
    const files = {
      [`${directory}/a.npy`]: npy("<f4", `90, ${WIDTH}`, numbers),
      [`${directory}/a.f32`]: new Uint8Array(numbers.buffer),
    };
    for (const [file, bytes] of Object.entries(files)) {
      Deno.writeFileSync(file, bytes);
      await rowsOf(file, { width: WIDTH });
      await assert.rejects(
        rowsOf(file, { width: WIDTH, column: "embedding" }),
        (error: unknown) =>
          error instanceof DbksvdError && error.exitCode === 2 &&
          /have no columns.*leave --column out/.test(error.message),
      );
    }
  }));

Deno.test("openRows() reads safetensors, by name where there are several", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.safetensors`;
    const acts = { dtype: "F32", shape: [9, 10, WIDTH], data: numbers };
    const bias = {
      dtype: "F32",
      shape: [WIDTH],
      data: numbers.subarray(0, WIDTH),
    };
    Deno.writeFileSync(file, safetensors({ acts, bias }));
    assert.deepEqual((await rowsOf(file)).values, rows);
    const upper = Uint16Array.from(
      new Uint32Array(numbers.slice().buffer),
      (bits) => bits >>> 16,
    );
    const half = { dtype: "BF16", shape: [90, WIDTH], data: upper };
    Deno.writeFileSync(file, safetensors({ acts, half, bias }));
    await assertRefused(
      file,
      /2 tensors with rows.*--column: acts \(4\), half \(4\)/,
    );
    await assertRefused(file, /No tensor "x"/, { column: "x" });
    const cut = new Float32Array(
      Uint32Array.from(upper, (bits) => bits << 16).buffer,
    );
    assert.deepEqual(
      (await rowsOf(file, { column: "half" })).values,
      asRows(cut, WIDTH),
    );
    Deno.writeFileSync(file, Deno.readFileSync(file).subarray(0, 900));
    await assertRefused(file, /./);
  }));

Deno.test("openRows() reads raw float32 dumps of a width that is given", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.f32`;
    Deno.writeFileSync(file, new Uint8Array(numbers.buffer));
    await withRows(file, { width: WIDTH }, async (source) => {
      assert.deepEqual((await delivered(source, 7)).values, rows);
      const shuffled = await delivered(source, 7, { shuffleSeed: 4 });
      assert.deepEqual(shuffled.values, shuffled.rows.map((row) => rows[row]));
      assert.equal(source.readItems, undefined);
    });
    await assertRefused(file, /--width/);
    await assertRefused(file, /no whole number of rows of 7/, { width: 7 });
    Deno.writeFileSync(
      file,
      new Uint8Array(Float32Array.of(1, 2, NaN, 4).buffer),
    );
    await assert.rejects(
      rowsOf(file, { width: 2 }),
      (error: DbksvdError) => error.where?.row === 1,
    );
    assert.deepEqual(
      (await rowsOf(file, { width: 2, skipInvalid: true })).values,
      [[1, 2]],
    );
  }));

Deno.test("openRows() takes directories and globs in order of name, and first rows of all", () =>
  inDirectory(async (directory) => {
    Deno.mkdirSync(`${directory}/part`);
    writeHyparquet(`${directory}/b.parquet`, rows.slice(0, 30), {});
    writeHyparquet(`${directory}/part/c.parquet`, rows.slice(30, 50), {});
    Deno.writeFileSync(
      `${directory}/z.npy`,
      npy("<f4", `40, ${WIDTH}`, numbers.subarray(50 * WIDTH)),
    );
    Deno.writeTextFileSync(`${directory}/notes.txt`, "none");
    Deno.writeTextFileSync(`${directory}/_temporary.parquet`, "none");
    assert.deepEqual((await rowsOf(directory)).values, rows);
    Deno.removeSync(`${directory}/_temporary.parquet`);
    assert.deepEqual(
      (await rowsOf(`${directory}/**/*.parquet`)).values,
      rows.slice(0, 50),
    );
    await withRows(directory, { maxRows: 45 }, async (source) => {
      assert.equal(source.rowCount, 45);
      assert.deepEqual(source.files.map((file) => file.rows), [30, 20, 40]);
      assert.deepEqual((await delivered(source)).values, rows.slice(0, 45));
      assert.equal(
        (await delivered(source, 10, { shuffleSeed: 0 })).rows.length,
        45,
      );
    });
  }));

Deno.test("unitNorm and maxNormQuantile prepare rows, and count what they drop", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.parquet`;
    const scaled = rows.map((row, i) =>
      row.map((x) => Math.fround((x + 0.1) * (i + 1)))
    );
    writeHyparquet(file, scaled, { rowGroupSize: 32 });
    const norms = scaled.map((row) => Math.hypot(...row));
    const limit = norms.toSorted((a, b) =>
      a - b
    )[Math.ceil(0.8 * norms.length) - 1];
    await withRows(
      file,
      { maxNormQuantile: 0.8, unitNorm: true },
      async (source) => {
        const { rows: numbers, values } = await delivered(source);
        assert.deepEqual(
          numbers,
          norms.flatMap((norm, i) => norm <= limit ? [i] : []),
        );
        for (const value of values) {
          assert.ok(Math.abs(Math.hypot(...value) - 1) < 1e-6);
        }
        assert.deepEqual(source.dropped, {
          norm: norms.length - numbers.length,
        });
      },
    );
  }));

Deno.test("openRows() refuses options that make no sense", async () => {
  for (
    const options of [{ maxRows: 0 }, { maxNormQuantile: 2 }, { width: 1.5 }, {
      decodeWorkers: -1,
    }]
  ) {
    await assert.rejects(
      openRows("x.parquet", options),
      (error: DbksvdError) => error.kind === "usage",
    );
  }
});

Deno.test("Of safetensors shards with an index, those with the tensor are read", () =>
  inDirectory(async (directory) => {
    const part = (from: number, to: number) => ({
      dtype: "F32",
      shape: [to - from, WIDTH],
      data: numbers.slice(from * WIDTH, to * WIDTH),
    });
    const shard = (i: number) =>
      `${directory}/model-0000${i}-of-00002.safetensors`;
    await Deno.writeFile(shard(1), safetensors({ acts: part(0, 40) }));
    await Deno.writeFile(shard(2), safetensors({ other: part(40, 90) }));
    const index = `${directory}/model.safetensors.index.json`;
    const map = {
      acts: "model-00001-of-00002.safetensors",
      other: "model-00002-of-00002.safetensors",
    };
    await Deno.writeTextFile(index, JSON.stringify({ weight_map: map }));
    for (const input of [index, directory]) {
      const { values } = await rowsOf(input, { column: "other" });
      assert.deepEqual(values, rows.slice(40));
      await assert.rejects(
        rowsOf(input, { column: "none" }),
        /No tensor "none".*acts, other/,
      );
    }
  }));
