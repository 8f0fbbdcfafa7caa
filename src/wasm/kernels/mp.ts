// Matching pursuit of one row from its correlations and the Gram: x_j ← x_j + a_j and a ← a − a_j·G_j, j the atom of
// the greatest |a|. Ends before a (k+1)-th different atom, after `steps`, where nothing exceeds the floor, or at ‖r‖²
// ≤ stop (0: never). c: correlations, left alone · a: room for them as they change · g: Gram, `row` bytes a row ·
// support: k indices · x: k floats. Bytes: 4m a step from the Gram, 8m from a (L1). Flops: 2m a step.
import type { Module } from "../emit.ts";
import { f32, f32x4, f64, i32, type Local, v128 } from "../instructions.ts";
import { BLOCK_BYTES, Search } from "./search.ts";
import { touchRow } from "./touch.ts";

/** Adds mp(…), or mpPositive(…) whose choices are of positive correlations: the number of different atoms. */
export function addMp(m: Module, signed: boolean): void {
  const { ptr, fma } = m;
  m.function(signed ? "mp" : "mpPositive", {
    c: "ptr",
    a: "ptr",
    g: "ptr",
    support: "ptr",
    x: "ptr",
    row: "i32",
    k: "i32",
    steps: "i32",
    floor: "f32",
    energy: "f64",
    stop: "f64",
  }, (f, p) => {
    const search = new Search(m, f, { signed });
    const at = f.local("i32"), count = f.local("i32"), slot = f.local("i32");
    const atom = f.local("i32"), amount = f.local("f32");
    const gRow = f.local("ptr"), here = f.local("ptr"), z = f.local("v128");
    const zero = i32.const(0), one = i32.const(1);
    const word = (base: Local<"ptr">, index: Local<"i32">) =>
      ptr.add(base, ptr.of(i32.shl(index, 2)));

    const findSlot = () => {
      f.set(slot, zero);
      const other = () =>
        i32.and(
          i32.lt(slot, count),
          i32.ne(i32.load(word(p.support, slot)), atom),
        );
      f.if(other(), () => f.repeat(() => f.add(slot, 1), other));
    };

    const subtract = () => {
      const { values } = search;
      f.set(z, f32x4.splat(amount));
      f.set(gRow, ptr.add(p.g, ptr.mul(ptr.of(atom), ptr.of(p.row))));
      const diagonal = ptr.add(gRow, ptr.of(search.place));
      touchRow(m, f, gRow, p.row, diagonal, count);
      search.begin(p.floor);
      f.for(at, zero, p.row, BLOCK_BYTES, () => {
        f.set(here, ptr.add(p.a, ptr.of(at)));
        values.forEach((v, h) => f.set(v, v128.load(here, 16 * h)));
        f.set(here, ptr.add(gRow, ptr.of(at)));
        values.forEach((v, h) =>
          f.set(v, fma.nmadd(z, v128.load(here, 16 * h), v))
        );
        f.set(here, ptr.add(p.a, ptr.of(at)));
        values.forEach((v, h) => f.store(here, v, 16 * h));
        search.look(at);
      });
    };

    search.begin(p.floor);
    search.scan(at, p.c, p.row, p.a);
    f.repeat(() => {
      const done = i32.or(
        i32.eq(p.steps, zero),
        i32.not(
          i32.or(f64.eq(p.stop, f64.const(0)), f64.gt(p.energy, p.stop)),
        ),
      );
      f.if(i32.or(search.empty(), done), () => f.return(count));
      search.find(p.a);
      f.set(atom, i32.shr(search.place, 2));
      f.set(amount, search.value);
      findSlot();
      f.if(i32.eq(slot, count), () => {
        f.if(i32.eq(count, p.k), () => f.return(count));
        f.store(word(p.support, slot), atom);
        f.store(word(p.x, slot), f32.const(0));
        f.add(count, 1);
      });
      const x = f.let(word(p.x, slot));
      f.store(x, f32.add(f32.load(x), amount));
      const square = f64.mul(f64.promote(amount), f64.promote(amount));
      f.set(p.energy, f64.sub(p.energy, square));
      f.set(p.steps, i32.sub(p.steps, one));
      f.if(p.steps, subtract);
    }, () => one);
    f.unreachable();
  }, "i32");
}
