// Coefficients of one row on its support, in doubles: (G_II + λI)x = c_I − α·s by Cholesky, columns first, so that no
// sum waits for another. With α > 0 it is solved twice, s being 0 and then the first solution's signs; what changes
// sign is given up. A direction whose pivot is at most the share `least` of its diagonal is left out: its coefficient
// is 0. c: correlations · g: Gram, `row` bytes a row · support: `count` indices, in the end those with a coefficient
// · x: theirs · room: k·(stride + 4) doubles, stride being k rounded up to an even number · ridge: λ · shrink: α.
// positive: s is 1 from the start, and where not every x is positive nothing is written and −1 returned. Bytes: 4k²
// from the Gram. Flops: k³/3.
import type { Module } from "../emit.ts";
import {
  f32,
  f64,
  f64x2,
  type I32,
  i32,
  type Local,
  v128,
} from "../instructions.ts";

/** Doubles that the kernel needs for k atoms. */
export function coefficientsRoom(k: number): number {
  const stride = 2 * Math.ceil(k / 2);
  return (k + 4) * stride;
}

/** Adds coefficients(…): how many are not 0. */
export function addCoefficients(m: Module): void {
  const { ptr } = m;
  m.function("coefficients", {
    c: "ptr",
    g: "ptr",
    support: "ptr",
    x: "ptr",
    room: "ptr",
    row: "i32",
    count: "i32",
    positive: "i32",
    ridge: "f64",
    shrink: "f64",
    least: "f64",
  }, (f, p) => {
    const i = f.local("i32"), j = f.local("i32"), q = f.local("i32");
    const used = f.local("i32"), from = f.local("i32");
    const value = f.local("f64"), sign = f.local("f64");
    const column = f.local("ptr"), other = f.local("ptr");
    const gRow = f.local("ptr"), atom = f.local("i32");
    const zero = i32.const(0), one = i32.const(1);
    const sum = f.local("v128"), factor = f.local("v128");
    const even = f.let(
      i32.and(i32.add(p.count, one), i32.const(-2)),
    );
    const stride = f.let(i32.shl(even, 3)), wide = f.let(ptr.of(stride));
    const inverse = f.let(ptr.add(p.room, ptr.mul(ptr.of(p.count), wide)));
    const y = f.let(ptr.add(inverse, wide));
    const solution = f.let(ptr.add(y, wide));
    const signs = f.let(ptr.add(solution, wide));
    const double = (base: Local<"ptr">, index: I32) =>
      ptr.add(base, ptr.of(i32.shl(index, 3)));
    const word = (base: Local<"ptr">, index: I32) =>
      ptr.add(base, ptr.of(i32.shl(index, 2)));
    const single = (base: Local<"ptr">, index: I32) =>
      f64.promote(f32.load(word(base, index)));
    const columnOf = (index: I32) =>
      ptr.add(p.room, ptr.mul(ptr.of(index), wide));

    // Column j of G_II + λI, from the diagonal on. The rest of its first vector and of the last one begins as 0: it is
    // reckoned with, for nothing.
    const gather = () => {
      f.set(atom, i32.load(word(p.support, j)));
      f.set(gRow, ptr.add(p.g, ptr.mul(ptr.of(atom), ptr.of(p.row))));
      for (const end of [i32.and(j, i32.const(-2)), i32.sub(even, one)]) {
        f.store(double(column, end), f64.const(0));
      }
      f.for(i, j, p.count, 1, () =>
        f.store(
          double(column, i),
          single(gRow, i32.load(word(p.support, i))),
        ));
      const diagonal = double(column, j);
      f.store(diagonal, f64.add(f64.load(diagonal), p.ridge));
    };

    // target −= factor·source, both from `from` (even) to the end.
    const subtract = (target: Local<"ptr">, source: Local<"ptr">) =>
      f.for(i, from, even, 2, () =>
        f.store(
          double(target, i),
          f64x2.sub(
            v128.load(double(target, i)),
            f64x2.mul(factor, v128.load(double(source, i))),
          ),
        ));

    const factorise = () =>
      f.for(j, zero, p.count, 1, () => {
        f.set(column, columnOf(j));
        gather();
        f.set(value, f64.load(double(column, j)));
        f.set(sign, f64.mul(value, p.least));
        f.set(from, i32.and(j, i32.const(-2)));
        f.set(other, p.room);
        f.for(q, zero, j, 1, () => {
          f.set(factor, f64x2.loadSplat(double(other, j)));
          subtract(column, other);
          f.move(other, wide);
        });
        f.set(value, f64.load(double(column, j)));
        f.if(
          f64.gt(value, sign),
          () => f.set(value, f64.div(f64.const(1), f64.sqrt(value))),
          () => f.set(value, f64.const(0)),
        );
        f.store(double(inverse, j), value);
        f.set(factor, f64x2.splat(value));
        f.for(i, from, even, 2, () =>
          f.store(
            double(column, i),
            f64x2.mul(factor, v128.load(double(column, i))),
          ));
      });

    // L·y = c_I − α·s
    const forward = () => {
      f.store(double(y, i32.sub(even, one)), f64.const(0));
      f.for(i, zero, p.count, 1, () => {
        const pull = f64.mul(p.shrink, f64.load(double(signs, i)));
        const own = single(p.c, i32.load(word(p.support, i)));
        f.store(double(y, i), f64.sub(own, pull));
      });
      f.for(j, zero, p.count, 1, () => {
        f.set(column, columnOf(j));
        const scale = f64.load(double(inverse, j));
        f.set(value, f64.mul(f64.load(double(y, j)), scale));
        f.set(factor, f64x2.splat(value));
        f.set(from, i32.and(i32.add(j, one), i32.const(-2)));
        subtract(y, column);
        f.store(double(y, j), value);
      });
    };

    // Lᵀ·x = y
    const backward = () => {
      f.for(i, zero, even, 2, () => f.store(double(solution, i), v128.zero));
      f.set(j, p.count);
      f.repeat(() => {
        f.add(j, -1);
        f.set(column, columnOf(j));
        f.set(sum, v128.zero);
        f.for(i, i32.and(j, i32.const(-2)), even, 2, () => {
          const product = f64x2.mul(
            v128.load(double(column, i)),
            v128.load(double(solution, i)),
          );
          f.set(sum, f64x2.add(sum, product));
        });
        f.set(value, f64.add(f64x2.lane(sum, 0), f64x2.lane(sum, 1)));
        f.set(value, f64.sub(f64.load(double(y, j)), value));
        const scale = f64.load(double(inverse, j));
        f.store(double(solution, j), f64.mul(value, scale));
      }, () => j);
    };

    const write = () => {
      f.set(used, zero);
      f.for(i, zero, p.count, 1, () => {
        f.set(value, f64.load(double(solution, i)));
        const kept = i32.or(
          f64.eq(p.shrink, f64.const(0)),
          f64.gt(
            f64.mul(value, f64.load(double(signs, i))),
            f64.const(0),
          ),
        );
        const single = f.let(f32.demote(value));
        f.if(i32.and(f32.ne(single, f32.const(0)), kept), () => {
          f.store(word(p.support, used), i32.load(word(p.support, i)));
          f.store(word(p.x, used), single);
          f.add(used, 1);
        });
      });
    };

    f.if(i32.not(p.count), () => f.return(zero));
    factorise();
    f.set(sign, f64.const(0));
    f.if(p.positive, () => f.set(sign, f64.const(1)));
    f.for(i, zero, p.count, 1, () => f.store(double(signs, i), sign));
    forward();
    backward();
    f.if(p.positive, () => {
      f.for(i, zero, p.count, 1, () =>
        f.if(
          i32.not(f64.gt(f64.load(double(solution, i)), f64.const(0))),
          () => f.return(i32.const(-1)),
        ));
    }, () =>
      f.if(f64.gt(p.shrink, f64.const(0)), () => {
        f.for(i, zero, p.count, 1, () =>
          f.store(
            double(signs, i),
            f64.copysign(f64.const(1), f64.load(double(solution, i))),
          ));
        forward();
        backward();
      }));
    write();
    f.return(used);
  }, "i32");
}
