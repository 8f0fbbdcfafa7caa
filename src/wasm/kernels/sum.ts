// v ← v + Σ_u x_u·R_u over the rows that use an atom, four a turn, so that v is read and written a quarter as often.
// r: the residual, rows of `bytes` (a multiple of 16) · rows: their numbers, `uses` of them, filled up to a multiple
// of four with x = 0 · x: their coefficients. Bytes: 4n a use, 2n of v. Flops: 2n a use.
import type { Module } from "../emit.ts";
import { f32x4, i32, v128 } from "../instructions.ts";

/** Adds sum(v, r, rows, x, uses, bytes). */
export function addSum(m: Module): void {
  const { ptr, fma } = m;
  m.function("sum", {
    v: "ptr",
    r: "ptr",
    rows: "ptr",
    x: "ptr",
    uses: "i32",
    bytes: "i32",
  }, (f, p) => {
    const rows = f.locals("ptr", 4), x = f.locals("v128", 4);
    const u = f.local("i32"), at = f.local("i32"), here = f.local("ptr");
    const sum = f.locals("v128", 4), bytes = f.let(ptr.of(p.bytes));
    f.for(u, i32.const(0), p.uses, 4, () => {
      rows.forEach((row, q) => {
        const number = ptr.of(i32.load(p.rows, 4 * q));
        f.set(row, ptr.add(p.r, ptr.mul(number, bytes)));
      });
      x.forEach((v, q) => f.set(v, f32x4.loadSplat(p.x, 4 * q)));
      f.strides(at, p.bytes, 4, (vectors) => {
        const part = sum.slice(0, vectors);
        f.set(here, ptr.add(p.v, ptr.of(at)));
        part.forEach((v, h) => f.set(v, v128.load(here, 16 * h)));
        rows.forEach((row, q) => {
          f.set(here, ptr.add(row, ptr.of(at)));
          part.forEach((v, h) =>
            f.set(v, fma.madd(x[q], v128.load(here, 16 * h), v))
          );
        });
        f.set(here, ptr.add(p.v, ptr.of(at)));
        part.forEach((v, h) => f.store(here, v, 16 * h));
      });
      f.move(p.rows, 16);
      f.move(p.x, 16);
    });
  });
}
