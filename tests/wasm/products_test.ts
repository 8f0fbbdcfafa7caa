import assert from "node:assert/strict";
import { testKernels } from "./memory.ts";
import { assertNear, inner, normals, row } from "./values.ts";

testKernels(
  "a product of panels is the product, and adds to what is there",
  (m) => {
    const rows = 12, columns = 24, depth = 20;
    const a = normals(rows * depth, "a"), b = normals(columns * depth, "b");
    const at = { a: m.put(a), b: m.put(b), c: m.room(rows * columns) };
    const aPanels = m.room(rows * depth), bPanels = m.room(columns * depth);
    m.kernels.packRows(at.a, aPanels, 4 * depth, rows / 6, depth);
    m.kernels.packColumns(at.b, bPanels, 4 * depth, columns / 8, depth);
    for (const first of [1, 0]) {
      m.kernels.product(
        aPanels,
        bPanels,
        at.c,
        rows / 6,
        columns / 8,
        depth,
        4 * columns,
        first,
      );
      const times = first === 1 ? 1 : 2;
      const c = m.floats(at.c, rows * columns);
      c.forEach((value, e) => {
        const i = Math.floor(e / columns), j = e % columns;
        const expected = inner(row(a, i, depth), row(b, j, depth));
        assertNear(value, times * expected, 1e-5);
      });
    }
  },
);

testKernels("mirroring makes the lower half of the upper one", (m) => {
  const size = 16, g = normals(size * size, "g"), at = m.put(g);
  for (const i of [0, 4]) m.kernels.mirror(at, 4 * size, i, 8, size);
  const after = m.floats(at, size * size);
  for (let i = 0; i < 8; i++) {
    for (let j = 8; j < size; j++) {
      assert.equal(after[j * size + i], g[i * size + j]);
    }
  }
});
