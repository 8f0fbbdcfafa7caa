import assert from "node:assert/strict";
import fc from "fast-check";
import { pack, unpack } from "../../src/model/pack.ts";

async function thereAndBack(value: unknown): Promise<unknown> {
  const { json, tensors } = pack(value);
  return await unpack(json, (name) => {
    const { dtype, bytes } = tensors[name];
    return Promise.resolve({ dtype, bytes: bytes.slice() });
  });
}

const arrays = fc.oneof(
  fc.float32Array(),
  fc.float64Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.uint16Array(),
  fc.int16Array(),
  fc.uint8Array(),
  fc.int8Array(),
);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.double(),
    fc.constantFrom(-0, NaN, Infinity, -Infinity),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    arrays,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => !key.startsWith("$")),
      tie("value"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}));

Deno.test("unpack() gives back, to the bit, what pack() took apart", async () => {
  await fc.assert(fc.asyncProperty(values, async (value) => {
    assert.deepEqual(await thereAndBack(value), value);
  }));
});

Deno.test("pack() leaves out what is undefined, as JSON does", async () => {
  assert.deepEqual(await thereAndBack({ a: undefined, b: 1 }), { b: 1 });
});

Deno.test("pack() takes views of larger buffers as they are", async () => {
  const view = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
  assert.deepEqual(await thereAndBack([view]), [Float32Array.of(2, 3)]);
});

Deno.test("pack() refuses what would be lost", () => {
  for (
    const lost of [
      new Map(),
      new Set(),
      () => 1,
      1n,
      Symbol(),
      new Date(),
      {
        $tensor: "a",
      },
      [undefined],
      new BigInt64Array(1),
    ]
  ) assert.throws(() => pack({ lost }), TypeError);
});

Deno.test("unpack() refuses what pack() does not make", async () => {
  for (
    const json of ['{"$number":"1e3"}', '{"$more":1}', '{"$tensor":"x"}', "{"]
  ) {
    await assert.rejects(unpack(json, () => {
      throw new TypeError("No such tensor");
    }));
  }
});
