// What stands behind the rows of a file, and files whose names do not tell what they are.
import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import pl from "nodejs-polars";
import * as wasm from "parquet-wasm";
import {
  float32Tensor,
  safetensorsParts,
} from "../../src/files/safetensors.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { assertRefused, npy, rowsOf } from "./files.ts";
import {
  asRows,
  someNumbers,
  sql,
  sqlRows,
  writeArrow,
  writePolars,
} from "./writers.ts";

const WIDTH = 4;
const numbers = someNumbers(10 * WIDTH);
const rows = asRows(numbers, WIDTH);

function joined(...parts: Uint8Array[]): Promise<Uint8Array> {
  return new Response(new Blob(parts as BlobPart[])).bytes();
}

function stream(form: "stream" | "file" = "stream"): Uint8Array {
  const type = new arrow.FixedSizeList(
    WIDTH,
    new arrow.Field("item", new arrow.Float32(), true),
  );
  const e = arrow.vectorFromArray(rows as never[], type as never);
  return arrow.tableToIPC(new arrow.Table({ e }), form);
}

Deno.test("Bytes behind an Arrow stream's end are not passed over", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.arrows`;
    const one = stream();
    const end = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);
    assert.deepEqual(one.subarray(-8), end);
    const behind: [Uint8Array, RegExp][] = [
      [one, /Another Arrow stream follows/],
      [new TextEncoder().encode("more"), /4 bytes follow the end/],
      [new Uint8Array(24), /24 bytes follow the end/],
    ];
    for (const [more, why] of behind) {
      await Deno.writeFile(file, await joined(one, more));
      await assertRefused(file, why);
    }
    await Deno.writeFile(file, await joined(one.subarray(0, -8), one));
    await assertRefused(file, /Another Arrow stream follows/);
    await Deno.writeFile(file, await joined(one, new Uint8Array(8)));
    assert.deepEqual((await rowsOf(file)).values, rows);
  }));

Deno.test("An Arrow stream that its writer did not end is read, and that is said", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.arrows`;
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    await Deno.writeFile(file, stream());
    assert.deepEqual((await rowsOf(file, { onNotice })).values, rows);
    assert.deepEqual(notices, []);
    await Deno.writeFile(file, stream().subarray(0, -8));
    assert.deepEqual((await rowsOf(file, { onNotice })).values, rows);
    assert.match(notices.join(), /rows\.arrows: .* ends without its mark/);
  }));

Deno.test("An Arrow file before another one is not passed over, and none is read in the other's place", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.arrow`;
    const one = stream("file");
    const empty = arrow.tableToIPC(
      new arrow.Table(arrow.tableFromIPC(one).schema),
      "file",
    );
    for (const parts of [[one, one], [one, empty], [one, one, one]]) {
      await Deno.writeFile(file, await joined(...parts));
      await assertRefused(file, /footer does not tell of \d+ bytes.*by cat/);
    }
    for (const compression of ["uncompressed", "zstd"] as const) {
      pl.DataFrame({ e: rows }).writeIPC(file, { compression });
      assert.deepEqual((await rowsOf(file)).values, rows);
    }
    await Deno.writeFile(file, one);
    assert.deepEqual((await rowsOf(file)).values, rows);
  }));

Deno.test("Arrays behind a NumPy array are not passed over", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.npy`;
    const one = npy("<f4", `10, ${WIDTH}`, numbers);
    await Deno.writeFile(file, await joined(one, one));
    await assertRefused(
      file,
      new RegExp(`${one.length} bytes follow the NumPy array.*savez`),
    );
  }));

Deno.test("A file whose name does not tell is known by its first bytes, or refused as what it is", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows`;
    const tensors = { x: float32Tensor(numbers, 10, WIDTH) };
    await Deno.writeFile(file, await joined(...safetensorsParts(tensors)));
    assert.deepEqual((await rowsOf(file)).values, rows);
    const others: [Uint8Array, RegExp][] = [
      [new TextEncoder().encode("some text"), /like no file of rows.*--width/],
      [Uint8Array.of(0x1f, 0x8b, 8, 0), /like no file of rows.*unpack/],
      [new Uint8Array(), /File is empty/],
    ];
    for (const [bytes, why] of others) {
      await Deno.writeFile(file, bytes);
      await assertRefused(file, why);
    }
    await Deno.writeFile(file, new Uint8Array(numbers.buffer));
    assert.deepEqual((await rowsOf(file, { width: WIDTH })).values, rows);
  }));

Deno.test("A file without a tensor of rows says what it holds", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.safetensors`;
    const tensors = {
      ids: { dtype: "I64", shape: [2, 1], bytes: new Uint8Array(16) },
      bias: float32Tensor(numbers, 40),
    } as const;
    await Deno.writeFile(file, await joined(...safetensorsParts(tensors)));
    await assertRefused(
      file,
      /no tensor with rows, only ids: I64 \[2,1\], bias: F32 \[40\].*BF16/,
    );
  }));

Deno.test("An input that is empty, and standard input twice, are wrong usage", async () => {
  for (const inputs of [[""], ["-", "-"]]) {
    await assert.rejects(openRows(inputs), {
      kind: "usage",
      message: /An input is empty|named twice/,
    });
  }
});

Deno.test("A Parquet file that stands before another one is not passed over, whoever wrote them", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    const writers: Record<string, () => unknown> = {
      "arrow-rs": () =>
        writeArrow(file, rows, new wasm.WriterPropertiesBuilder()),
      Polars: () => writePolars(file, rows, { compression: "zstd" }),
      DuckDB: () =>
        sql(
          `COPY (SELECT v FROM ${
            sqlRows(rows, "FLOAT[]")
          }) TO '${file}' (FORMAT parquet)`,
        ),
    };
    for (const [name, write] of Object.entries(writers)) {
      await write();
      assert.equal((await rowsOf(file)).values.length, rows.length, name);
      const one = await Deno.readFile(file);
      await Deno.writeFile(file, await joined(one, one));
      await assertRefused(file, /Another Parquet file stands before this one/);
    }
  }));
