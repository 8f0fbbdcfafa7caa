// r ← r − Σ_s x_s·d_{I_s} for one row, four atoms a turn, so that the row is read and written a quarter as often. d:
// atoms, `bytes` (a multiple of 16) each, as long as the row · support, x: `count` of them, filled up to a multiple
// of four with atom 0 and x = 0. Bytes: 4n a nonzero, 2n of the row. Flops: 2n a nonzero.
import type { Module } from "../emit.ts";
import { f32x4, i32, v128 } from "../instructions.ts";

/** Adds residual(r, d, support, x, count, bytes). */
export function addResidual(m: Module): void {
  const { ptr, fma } = m;
  m.function("residual", {
    r: "ptr",
    d: "ptr",
    support: "ptr",
    x: "ptr",
    count: "i32",
    bytes: "i32",
  }, (f, p) => {
    const atoms = f.locals("ptr", 4), x = f.locals("v128", 4);
    const s = f.local("i32"), at = f.local("i32"), here = f.local("ptr");
    const row = f.locals("v128", 4), bytes = f.let(ptr.of(p.bytes));
    f.for(s, i32.const(0), p.count, 4, () => {
      atoms.forEach((atom, q) => {
        const index = ptr.of(i32.load(p.support, 4 * q));
        f.set(atom, ptr.add(p.d, ptr.mul(index, bytes)));
      });
      x.forEach((v, q) => f.set(v, f32x4.loadSplat(p.x, 4 * q)));
      f.strides(at, p.bytes, 4, (vectors) => {
        const part = row.slice(0, vectors);
        f.set(here, ptr.add(p.r, ptr.of(at)));
        part.forEach((v, h) => f.set(v, v128.load(here, 16 * h)));
        atoms.forEach((atom, q) => {
          f.set(here, ptr.add(atom, ptr.of(at)));
          part.forEach((v, h) =>
            f.set(v, fma.nmadd(x[q], v128.load(here, 16 * h), v))
          );
        });
        f.set(here, ptr.add(p.r, ptr.of(at)));
        part.forEach((v, h) => f.store(here, v, 16 * h));
      });
      f.move(p.support, 16);
      f.move(p.x, 16);
    });
  });
}
