// R_u ← R_u + x_u·d − y_u·e for the rows that use an atom: d gives way to e. r: the residual, rows of `bytes` (a
// multiple of 16) · rows: their numbers · x, y: their coefficients before and after; any number of uses. Bytes: 8n a
// use; d and e from L1. Flops: 4n a use.
import type { Module } from "../emit.ts";
import { f32x4, i32, v128 } from "../instructions.ts";

/** Adds apply(r, rows, x, y, d, e, uses, bytes). */
export function addApply(m: Module): void {
  const { ptr, fma } = m;
  m.function("apply", {
    r: "ptr",
    rows: "ptr",
    x: "ptr",
    y: "ptr",
    d: "ptr",
    e: "ptr",
    uses: "i32",
    bytes: "i32",
  }, (f, p) => {
    const u = f.local("i32"), at = f.local("i32");
    const row = f.local("ptr"), here = f.local("ptr"), other = f.local("ptr");
    const x = f.local("v128"), y = f.local("v128"), sum = f.locals("v128", 4);
    const bytes = f.let(ptr.of(p.bytes));
    f.for(u, i32.const(0), p.uses, 1, () => {
      f.set(row, ptr.add(p.r, ptr.mul(ptr.of(i32.load(p.rows)), bytes)));
      f.set(x, f32x4.loadSplat(p.x));
      f.set(y, f32x4.loadSplat(p.y));
      f.strides(at, p.bytes, 4, (vectors) => {
        const part = sum.slice(0, vectors);
        f.set(here, ptr.add(row, ptr.of(at)));
        part.forEach((v, h) => f.set(v, v128.load(here, 16 * h)));
        f.set(other, ptr.add(p.d, ptr.of(at)));
        part.forEach((v, h) =>
          f.set(v, fma.madd(x, v128.load(other, 16 * h), v))
        );
        f.set(other, ptr.add(p.e, ptr.of(at)));
        part.forEach((v, h) =>
          f.set(v, fma.nmadd(y, v128.load(other, 16 * h), v))
        );
        part.forEach((v, h) => f.store(here, v, 16 * h));
      });
      f.move(p.rows, 4);
      f.move(p.x, 4);
      f.move(p.y, 4);
    });
  });
}
