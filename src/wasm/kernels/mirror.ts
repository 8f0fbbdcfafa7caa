// The other half of a symmetric matrix: blocks of four by four, turned.
// Bytes: 8 a value.
import { v128 } from "../instructions.ts";
import type { Module } from "../emit.ts";
import { transposed } from "./pack.ts";

/**
 * Adds mirror(g, row, i, from, to): columns [from, to) of rows i … i + 3 of a square matrix become rows of the columns
 * i … i + 3. Rows are `row` bytes long; from and to are multiples of four.
 */
export function addMirror(m: Module): void {
  const { ptr } = m;
  m.function("mirror", {
    g: "ptr",
    row: "i32",
    i: "i32",
    from: "i32",
    to: "i32",
  }, (f, p) => {
    const j = f.local("i32"), v = f.locals("v128", 4);
    const row = f.let(ptr.of(p.row));
    const place = (line: typeof p.i, column: typeof p.i) =>
      ptr.add(
        ptr.add(p.g, ptr.mul(ptr.of(line), row)),
        ptr.mul(ptr.of(column), 4),
      );
    const from = f.let(place(p.i, p.from)), to = f.let(place(p.from, p.i));
    const at = f.local("ptr");
    f.for(j, p.from, p.to, 4, () => {
      f.set(at, from);
      for (const l of v) {
        f.set(l, v128.load(at));
        f.move(at, row);
      }
      for (const column of transposed(f, v)) {
        f.store(to, column);
        f.move(to, row);
      }
      f.move(from, 16);
    });
  });
}
