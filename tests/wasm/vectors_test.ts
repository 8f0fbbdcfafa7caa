import assert from "node:assert/strict";
import { testKernels } from "./memory.ts";
import { assertNear, inner, normals, row } from "./values.ts";

testKernels("rows and atoms are summed, projected and taken away", (m) => {
  const width = 84, rows = 6, uses = [4, 1, 5, 0];
  const r = normals(rows * width, "r"), x = normals(4, "x");
  const d = normals(width, "d"), e = normals(width, "e");
  const at = { r: m.put(r), d: m.put(d), e: m.put(e), x: m.put(x) };
  const list = m.put(uses, "u32"), y = m.room(4), v = m.put(d);
  const bytes = 4 * width, of = (u: number) => row(r, u, width);
  m.kernels.sum(v, at.r, list, at.x, 4, bytes);
  m.floats(v, width).forEach((value, p) =>
    assertNear(value, d[p] + inner(uses.map((u) => of(u)[p]), x), 1e-5)
  );
  m.kernels.project(at.d, at.r, list, at.x, y, 4, bytes, 0.5, -1);
  m.floats(y, 4).forEach((value, u) =>
    assertNear(value, Math.max(-1, inner(d, of(uses[u])) + 0.5 * x[u]), 1e-5)
  );
  const next = m.floats(y, 4).slice();
  m.kernels.apply(at.r, list, at.x, y, at.d, at.e, 3, bytes);
  m.floats(at.r, rows * width).forEach((value, i) => {
    const p = i % width, u = uses.indexOf(Math.floor(i / width));
    const moved = u < 0 || u > 2 ? 0 : x[u] * d[p] - next[u] * e[p];
    assertNear(value, r[i] + moved, 1e-5);
  });
  const left = m.put(d), atoms = m.put(r);
  m.kernels.residual(left, atoms, list, at.x, 4, bytes);
  m.floats(left, width).forEach((value, p) =>
    assertNear(value, d[p] - inner(uses.map((u) => of(u)[p]), x), 1e-5)
  );
});

testKernels("vectors are measured, moved and normalised", (m) => {
  const width = 84, d = normals(width, "d"), e = normals(width, "e");
  const at = { d: m.put(d), e: m.put(e), rows: m.put([...d, ...e]) };
  const bytes = 4 * width, off = d.map((value, p) => value - e[p]);
  assertNear(m.kernels.dot(at.d, at.e, bytes), inner(d, e), 1e-5);
  assertNear(m.kernels.distance(at.d, at.e, bytes), inner(off, off), 1e-5);
  const greatest = Math.max(...d.map(Math.abs));
  assert.equal(m.kernels.greatest(at.d, bytes), greatest);
  m.kernels.normalise(at.rows, at.e, 3, 2, bytes);
  m.floats(at.rows, 2 * width).forEach((value, i) => {
    const expected = i < width ? 3 * off[i] : 0;
    assertNear(value, expected, 1e-6);
  });
  m.kernels.step(at.d, at.e, 0.5, 2, bytes);
  m.floats(at.d, width).forEach((value, p) =>
    assertNear(value, 2 * (d[p] + 0.5 * e[p]), 1e-6)
  );
});
