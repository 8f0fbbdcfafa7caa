import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { delivered, rowsOf, withRows } from "./files.ts";
import { asRows, someNumbers, writeHyparquet } from "./writers.ts";

const WIDTH = 4;
const numbers = someNumbers(90 * WIDTH);
const rows = asRows(numbers, WIDTH);

function npy(
  type: string,
  shape: string,
  data: ArrayBufferView,
  order = "False",
): Uint8Array {
  const dictionary =
    `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  const header = dictionary.padEnd(118 - 1) + "\n";
  const bytes = new Uint8Array(128 + data.byteLength - 0);
  bytes.set([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    header.length,
    0,
  ]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    10 + header.length,
  );
  return bytes.subarray(0, 10 + header.length + data.byteLength);
}

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

async function assertRefused(file: string, message: RegExp, options = {}) {
  await assert.rejects(openRows(file, options), (error: DbksvdError) => {
    assert.equal(error.kind, "data");
    assert.match(error.message, message);
    assert.equal(error.where?.file, file);
    return true;
  });
}

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

Deno.test("openRows() reads NumPy arrays of every type, the last axis a row", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.npy`;
    const types: [string, ArrayBufferView, (x: number) => number][] = [
      ["<f4", numbers, (x) => x],
      ["<f8", Float64Array.from(numbers), (x) => x],
      ["<f2", Float16Array.from(numbers), (x) => new Float16Array([x])[0]],
      [
        "<i4",
        Int32Array.from(numbers, (x) => x * 1e6),
        (x) => Math.fround(Math.trunc(x * 1e6)),
      ],
      [
        "<i8",
        BigInt64Array.from(numbers, (x) => BigInt(Math.trunc(x * 1e15))),
        (x) => Math.fround(Math.trunc(x * 1e15)),
      ],
    ];
    for (const [type, data, load] of types) {
      for (const shape of [`90, ${WIDTH}`, `9, 10, ${WIDTH}`]) {
        Deno.writeFileSync(file, npy(type, shape, data));
        assert.deepEqual(
          (await rowsOf(file)).values,
          rows.map((row) => row.map(load)),
        );
      }
    }
    Deno.writeFileSync(file, npy("<c8", `45, ${WIDTH}`, numbers));
    await assertRefused(file, /type <c8 is not read/);
    Deno.writeFileSync(file, npy("<f4", "360,", numbers));
    await assertRefused(file, /shape \(360\) has no rows/);
    Deno.writeFileSync(file, npy("<f4", `91, ${WIDTH}`, numbers));
    await assertRefused(file, /cut off/);
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

Deno.test("openRows() reads NumPy arrays in either byte and index order, of any number type", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.npy`;
    const swapped = (data: ArrayBufferView, size: number) => {
      const bytes = new Uint8Array(data.buffer.slice(0)) as Uint8Array;
      for (let at = 0; at < bytes.length; at += size) {
        bytes.subarray(at, at + size).reverse();
      }
      return bytes;
    };
    const whole = asRows([...numbers].map((x) => Math.trunc(x) + 0), WIDTH);
    const cases: [string, ArrayBufferView, number[][]][] = [
      [">f4", swapped(numbers, 4), rows],
      [">f8", swapped(Float64Array.from(numbers), 8), rows],
      [">i4", swapped(Int32Array.from(numbers), 4), whole],
      [
        ">i8",
        swapped(BigInt64Array.from(numbers, (x) => BigInt(Math.trunc(x))), 8),
        whole,
      ],
      ["<i2", Int16Array.from(numbers), whole],
      ["|i1", Int8Array.from(numbers), whole],
    ];
    for (const [type, data, expected] of cases) {
      await Deno.writeFile(file, npy(type, `90, ${WIDTH}`, data));
      assert.deepEqual((await rowsOf(file)).values, expected, type);
    }
    const columns = (shape: number[]) => {
      const out = new Float32Array(numbers.length);
      numbers.forEach((value, i) => {
        let place = 0, rest = i, stride = numbers.length;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          stride /= shape[axis];
          place += (rest % shape[axis]) * stride;
          rest = Math.floor(rest / shape[axis]);
        }
        out[place] = value;
      });
      return out;
    };
    for (const shape of [[90, WIDTH], [6, 15, WIDTH]]) {
      const bytes = npy("<f4", shape.join(", "), columns(shape), "True");
      await Deno.writeFile(file, bytes);
      await withRows(file, {}, async (source) => {
        assert.deepEqual((await delivered(source, 7)).values, rows);
        const some = await source.read({ start: 31, end: 50 });
        assert.deepEqual(asRows(some, WIDTH), rows.slice(31, 50));
      });
    }
    await Deno.writeTextFile(file, "hello, this is some text and no array");
    await assertRefused(file, /no NumPy array/);
  }));

Deno.test("openRows() reads members of NumPy archives, stored and compressed", () =>
  inDirectory(async (directory) => {
    const script = `
import sys, numpy as np
x = np.arange(24, dtype="f4").reshape(6, 4) / 8
for name, save in (("stored", np.savez), ("packed", np.savez_compressed)):
    save(f"{sys.argv[1]}/{name}.npz", x=x, ids=np.arange(6), y=np.asfortranarray(x[:, :2].astype(">f8")), words=np.array(["a"]))
    save(f"{sys.argv[1]}/{name}-one.npz", x=x, ids=np.arange(6))
`;
    const python = await new Deno.Command("python3", {
      args: ["-c", script, directory],
    }).output();
    if (!python.success) return;
    const x = asRows(Float32Array.from({ length: 24 }, (_, i) => i / 8), 4);
    for (const name of ["stored", "packed"]) {
      const file = `${directory}/${name}.npz`;
      const read = (column: string) => rowsOf(file, { column });
      assert.deepEqual((await read("x")).values, x);
      assert.deepEqual(
        (await read("y")).values,
        x.map((row) => row.slice(0, 2)),
      );
      await assertRefused(
        file,
        /2 arrays with rows.*--column: x \(4\), y \(2\)/,
      );
      await withRows(`${directory}/${name}-one.npz`, {}, async (source) => {
        assert.deepEqual((await delivered(source)).values, x);
        assert.equal(source.column, "x");
        assert.equal(source.notRead![0].paths[0].split(":").at(-1), "ids");
      });
    }
    const bytes = await Deno.readFile(`${directory}/stored.npz`);
    for (const size of [0, 30, bytes.length - 10]) {
      const cut = `${directory}/cut.npz`;
      await Deno.writeFile(cut, bytes.subarray(0, size));
      await assertRefused(cut, /zip archive/);
    }
  }));

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
