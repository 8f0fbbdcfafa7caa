import assert from "node:assert/strict";
import { elementBytes } from "../../../src/parquet/write/elements.ts";
import { toFloats } from "../../../src/parquet/read/values.ts";

Deno.test("elementBytes() rounds to the nearest, ties to even, and keeps what is not finite", () => {
  const step = 2 ** -7; // of bfloat16 above 1
  const values = [
    ...[
      1 + step / 2,
      1 + 3 * step / 2,
      1 + step / 2 + 2 ** -20,
      1.75,
      -1 - step,
    ],
    ...[0, -0, Infinity, -Infinity, NaN],
  ];
  const expected = [1, 1 + 2 * step, 1 + step, 1.75, -1 - step];
  const found = new Float32Array(values.length);
  toFloats("bf16", elementBytes("bf16", values), found);
  assert.deepEqual([...found], [
    ...expected,
    ...[0, -0, Infinity, -Infinity, NaN],
  ]);
  for (const element of ["f16", "f32", "f64"] as const) {
    toFloats(element, elementBytes(element, expected), found);
    assert.deepEqual([...found.subarray(0, expected.length)], expected);
  }
});
