import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { assertRefused, delivered, npy, rowsOf, withRows } from "./files.ts";
import { asRows, someNumbers } from "./writers.ts";

const WIDTH = 4;
const numbers = someNumbers(90 * WIDTH);
const rows = asRows(numbers, WIDTH);

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
    // Damage that decompresses to as many bytes: their checksum in the directory is another one.
    const damaged = `${directory}/packed-one.npz`;
    const packed = await Deno.readFile(damaged);
    const view = new DataView(packed.buffer);
    let entry = packed.length - 22;
    while (view.getUint32(entry, true) !== 0x02014b50) entry--;
    while (
      new TextDecoder().decode(packed.subarray(entry + 46, entry + 51)) !==
        "x.npy"
    ) entry--;
    packed[entry + 16] ^= 1;
    await Deno.writeFile(damaged, packed);
    await assertRefused(damaged, /Member x\.npy is damaged/);
  }));
