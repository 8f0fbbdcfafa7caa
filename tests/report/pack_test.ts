import assert from "node:assert/strict";
import fc from "fast-check";
import { unpackPart } from "../../src/report/client/unpack.ts";
import { packPart } from "../../src/report/pack.ts";

Deno.test("unpackPart() gives back every value and array that packPart() packed", async () => {
  await fc.assert(fc.asyncProperty(
    fc.record({
      texts: fc.array(fc.string({ unit: "binary" })),
      name: fc.string(),
    }),
    fc.record({
      a: fc.uint8Array(),
      b: fc.int16Array(),
      c: fc.uint16Array(),
      d: fc.uint32Array(),
      e: fc.float32Array(),
      f: fc.float64Array(),
    }),
    async (values, arrays) => {
      const packed = packPart(values, arrays);
      assert.match(packed, /^[A-Za-z0-9+/]+=*$/);
      assert.deepEqual(await unpackPart(packed), { ...values, ...arrays });
    },
  ));
});
