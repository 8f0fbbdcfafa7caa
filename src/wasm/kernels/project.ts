// y_u ← max(least, ⟨d, R_u⟩ + overlap·x_u) for the rows that use an atom, four a turn: their coefficients for the
// direction d. r: the residual, rows of `bytes` (a multiple of 16) · rows, x, y: as in sum.ts, filled up to a
// multiple of four. Bytes: 4n a use. Flops: 2n a use.
import type { Module } from "../emit.ts";
import { f32x4, i32, v128 } from "../instructions.ts";

/** Adds project(d, r, rows, x, y, uses, bytes, overlap, least). */
export function addProject(m: Module): void {
  const { ptr, fma } = m;
  m.function("project", {
    d: "ptr",
    r: "ptr",
    rows: "ptr",
    x: "ptr",
    y: "ptr",
    uses: "i32",
    bytes: "i32",
    overlap: "f32",
    least: "f32",
  }, (f, p) => {
    const rows = f.locals("ptr", 4), d = f.locals("v128", 2);
    const sums = Array.from({ length: 4 }, () => f.locals("v128", 2));
    const u = f.local("i32"), at = f.local("i32"), here = f.local("ptr");
    const bytes = f.let(ptr.of(p.bytes));
    const overlap = f.let(f32x4.splat(p.overlap));
    const least = f.let(f32x4.splat(p.least));
    f.for(u, i32.const(0), p.uses, 4, () => {
      rows.forEach((row, q) => {
        const number = ptr.of(i32.load(p.rows, 4 * q));
        f.set(row, ptr.add(p.r, ptr.mul(number, bytes)));
      });
      for (const sum of sums.flat()) f.set(sum, v128.zero);
      f.strides(at, p.bytes, 2, (vectors) => {
        const part = d.slice(0, vectors);
        f.set(here, ptr.add(p.d, ptr.of(at)));
        part.forEach((v, h) => f.set(v, v128.load(here, 16 * h)));
        rows.forEach((row, q) => {
          f.set(here, ptr.add(row, ptr.of(at)));
          part.forEach((v, h) =>
            f.set(sums[q][h], fma.madd(v, v128.load(here, 16 * h), sums[q][h]))
          );
        });
      });
      // Four sums of four lanes each, turned so that lanes are added to lanes.
      const [a, b, c, e] = sums.map(([one, two]) => {
        f.set(one, f32x4.add(one, two));
        return one;
      });
      const low = [0, 4, 1, 5], high = [2, 6, 3, 7];
      const pair = (one: typeof a, two: typeof a) =>
        f.let(
          f32x4.add(
            f32x4.shuffle(one, two, low),
            f32x4.shuffle(one, two, high),
          ),
        );
      const ab = pair(a, b), ce = pair(c, e);
      const whole = f.let(
        f32x4.add(
          f32x4.shuffle(ab, ce, [0, 1, 4, 5]),
          f32x4.shuffle(ab, ce, [2, 3, 6, 7]),
        ),
      );
      const y = fma.madd(overlap, v128.load(p.x), whole);
      f.store(p.y, f32x4.pmax(y, least));
      f.move(p.rows, 16);
      f.move(p.x, 16);
      f.move(p.y, 16);
    });
  });
}
