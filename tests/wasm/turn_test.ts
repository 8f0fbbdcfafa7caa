import assert from "node:assert/strict";
import { turnName } from "../../src/wasm/kernels/turn.ts";
import { testKernels } from "./memory.ts";
import { normals } from "./values.ts";

const LEAST = 1e-12;

for (const type of ["f32", "f64"] as const) {
  testKernels(
    `an atom turns to where ${type} sums pull it, at any width and place`,
    (m) => {
      const kernel = m.kernels[turnName[type]];
      for (const width of [1, 2, 3, 4, 5, 7, 8, 29, 100]) {
        for (const along of [0, 0.7, -2]) {
          const d = normals(width, `d ${width}`);
          const values = normals(width, `sum ${width}`);
          const before = m.put(d), after = m.room(width + 1);
          // Sums of atoms lie one after the other: at no multiple of a vector.
          const sum = m.room(2 * width + 4) + (type === "f32" ? 4 : 8);
          const sums = type === "f32"
            ? m.floats(sum, width)
            : m.doubles(sum, width);
          sums.set(values);
          assert.equal(kernel(sum, before, after, along, LEAST, width), 1);
          const found = m.floats(after, width);
          turned(values, d, along).forEach((value, p) =>
            assert(
              Math.abs(found[p] - value) < 1e-7,
              `${width}, ${along}: ${p}`,
            )
          );
          assert(Number.isNaN(m.floats(after, width + 1)[width]));
          assert.deepEqual([...sums], [...values]);
        }
      }
    },
  );

  testKernels(
    `an atom stays where its ${type} sums vanish or are no numbers`,
    (m) => {
      const width = 6, d = normals(width, "d");
      const before = m.put(d), after = m.put(d), sum = m.room(2 * width);
      const sums = type === "f32"
        ? m.floats(sum, width)
        : m.doubles(sum, width);
      const kernel = m.kernels[turnName[type]];
      for (const value of [0, NaN]) {
        sums.fill(value);
        assert.equal(kernel(sum, before, after, 0, LEAST, width), 0);
        assert.deepEqual(m.floats(after, width).slice(), d);
      }
    },
  );
}

// d' as the kernel's page has it.
function turned(sum: Float32Array, d: Float32Array, along: number): number[] {
  const v = Array.from(d, (value, p) => sum[p] + along * value);
  const norm = Math.hypot(...v);
  return v.map((value) => value / norm);
}
