import assert from "node:assert/strict";
import fc from "fast-check";
import { firstNonFinite } from "../../src/files/finite.ts";

/** Bits of floats of every kind, those that are not finite seldom. */
const bits = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(0, 0x80000000, 0x3F800000) },
  {
    weight: 20,
    arbitrary: fc.integer({ min: 0, max: 2 ** 32 - 1 })
      // An exponent of ones is what makes a float infinite or no number.
      .map((bits) => (bits >>> 23 & 255) === 255 ? bits & 0xFF7FFFFF : bits),
  },
  { weight: 1, arbitrary: fc.constantFrom(0x7F800000, 0xFF800000, 0x7FC00000) },
  { weight: 1, arbitrary: fc.constantFrom(0x7F800001, 0xFFFFFFFF, 0xFF900000) },
);

Deno.test("firstNonFinite() finds the first value that is NaN or infinite, wherever values begin and end", () => {
  fc.assert(
    fc.property(
      fc.array(bits, { maxLength: 80 }),
      fc.nat(3),
      (bits, offset) => {
        const values = new Float32Array(bits.length + offset);
        const place = values.subarray(offset);
        new Uint32Array(values.buffer).set(bits, offset);
        const expected = place.findIndex((value) => !Number.isFinite(value));
        assert.equal(firstNonFinite(place), expected);
      },
    ),
    { seed: 1, numRuns: 3000 },
  );
});

Deno.test("firstNonFinite() finds values at every place of long rows, and those that take each other's sign", () => {
  const values = new Float32Array(40001).fill(-1.5);
  for (let at = 0; at < values.length; at += 997) {
    for (const value of [NaN, Infinity, -Infinity]) {
      values[at] = value;
      values[at + 16] = -value;
      assert.equal(firstNonFinite(values), at);
      assert.equal(firstNonFinite(values.subarray(1)), at === 0 ? 15 : at - 1);
      values[at] = values[at + 16] = -1.5;
    }
  }
  values.fill(3.4028234663852886e38);
  assert.equal(firstNonFinite(values), -1);
});
