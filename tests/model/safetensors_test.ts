import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { DbksvdError } from "../../src/errors.ts";
import {
  float32Tensor,
  openSafetensors,
  safetensorsParts,
  uint32Tensor,
} from "../../src/files/safetensors.ts";
import { parseSafetensorsHeader } from "../../src/files/safetensors_header.ts";

async function inFile<T>(
  bytes: Uint8Array,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await Deno.writeFile(path, bytes);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function withHeader(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const isDataError = (error: unknown) =>
  error instanceof DbksvdError && error.kind === "data";

Deno.test("openSafetensors() reads back what safetensorsParts() wrote", async () => {
  const floats = Float32Array.of(1, -2.5, 3e-30, 4, 5, 6);
  const bytes = joined(safetensorsParts({
    a: float32Tensor(floats, 2, 3),
    b: uint32Tensor(Uint32Array.of(7, 0xFFFFFFFF), 2),
  }, { note: "héllo" }));
  await inFile(bytes, async (path) => {
    const file = await openSafetensors(path);
    assert.equal(file.header.metadata.note, "héllo");
    assert.equal(file.header.dataStart % 8, 0);
    assert.deepEqual(await file.float32("a", [2, undefined]), floats);
    const counts = new Uint32Array((await file.bytes("b")).buffer);
    assert.deepEqual([...counts], [7, 0xFFFFFFFF]);
    await assert.rejects(
      file.float32("a", [3, 2]),
      /\[2,3\], expected \[3,2\]/,
    );
    await assert.rejects(file.bytes("c"), /no tensor "c", only "a", "b"/);
  });
});

Deno.test("float32() converts half, brain and double floats and integers", async () => {
  const bytes = withHeader({
    half: { dtype: "F16", shape: [2], data_offsets: [0, 4] },
    brain: { dtype: "BF16", shape: [2], data_offsets: [4, 8] },
    double: { dtype: "F64", shape: [1], data_offsets: [8, 16] },
    whole: { dtype: "I64", shape: [1], data_offsets: [16, 24] },
  }, 24);
  const view = new DataView(bytes.buffer, bytes.length - 24);
  view.setUint16(0, 0x3C00, true);
  view.setUint16(2, 0xC000, true);
  view.setUint16(4, 0x3F80, true);
  view.setUint16(6, 0xC040, true);
  view.setFloat64(8, 0.5, true);
  view.setBigInt64(16, -9n, true);
  await inFile(bytes, async (path) => {
    const file = await openSafetensors(path);
    assert.deepEqual([...await file.float32("half")], [1, -2]);
    assert.deepEqual([...await file.float32("brain")], [1, -3]);
    assert.deepEqual([...await file.float32("double")], [0.5]);
    assert.deepEqual([...await file.float32("whole")], [-9]);
  });
});

const entry = (shape: unknown, from: unknown, to: unknown, dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

const BROKEN: [string, Record<string, unknown>, number, RegExp][] = [
  ["an overlap", { a: entry([2], 0, 8), b: entry([1], 4, 8) }, 8, /overlaps/],
  ["a hole", { a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12, /hole/],
  ["a hole in front", { a: entry([1], 4, 8) }, 8, /hole/],
  ["bytes at the end", { a: entry([1], 0, 4) }, 9, /bytes follow/],
  ["truncated data", { a: entry([4], 0, 16) }, 12, /past the end/],
  ["a type that is no text", { a: entry([1], 0, 4, 8 as never) }, 4, /type 8/],
  ["a wrong shape", { a: entry([3], 0, 8) }, 8, /does not fill/],
  ["a huge shape", { a: entry([2 ** 40, 2 ** 40], 0, 4) }, 4, /does not fill/],
  ["a negative size", { a: entry([-1], 0, 4) }, 4, /valid shape/],
  ["swapped offsets", { a: entry([1], 4, 0) }, 4, /valid offsets/],
  ["text offsets", { a: entry([1], "0", 4) }, 4, /valid offsets/],
  ["no description", { a: 3 }, 0, /no description/],
];

for (const [what, header, dataBytes, message] of BROKEN) {
  Deno.test(`openSafetensors() refuses ${what}`, async () => {
    await inFile(withHeader(header, dataBytes), async (path) => {
      await assert.rejects(openSafetensors(path), (error: Error) => {
        assert.ok(isDataError(error));
        assert.match(error.message, message);
        assert.ok(error.message.includes(path));
        return true;
      });
    });
  });
}

Deno.test("float32() refuses a tensor of an unknown type, the file is read", async () => {
  const parts = safetensorsParts({
    odd: { dtype: "F8" as "F32", shape: [4], bytes: new Uint8Array(4) },
  });
  const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
  await inFile(bytes, async (path) => {
    const file = await openSafetensors(path);
    await assert.rejects(file.float32("odd"), /unknown type "F8"/);
  });
});

Deno.test("openSafetensors() refuses a header length that the file does not have", async () => {
  for (const length of [50n, 200_000_000n, 2n ** 63n]) {
    const bytes = new Uint8Array(40);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    await inFile(
      bytes,
      (path) => assert.rejects(openSafetensors(path), isDataError),
    );
  }
  await inFile(
    new Uint8Array(3),
    (path) => assert.rejects(openSafetensors(path), isDataError),
  );
  await assert.rejects(openSafetensors("/nowhere/at.all"), /no such file/);
});

Deno.test("parseSafetensorsHeader() answers any bytes with a header or a data error", () => {
  const valid = JSON.stringify({ a: entry([2], 0, 8), b: entry([1], 8, 12) });
  const json = new TextEncoder().encode(valid);
  const edits = fc.array(
    fc.tuple(fc.nat(json.length - 1), fc.integer({ min: 0, max: 255 })),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(edits, (changes) => {
      const bytes = json.slice();
      for (const [at, value] of changes) bytes[at] = value;
      try {
        const { tensors } = parseSafetensorsHeader(
          bytes,
          8 + bytes.length + 12,
        );
        const size = [...tensors.values()].reduce(
          (n, t) => n + t.end - t.start,
          0,
        );
        assert.equal(size, 12);
      } catch (error) {
        assert.ok(isDataError(error), String(error));
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
});
