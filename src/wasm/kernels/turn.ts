// d' = v/‖v‖ with v = s + along·d: an atom from the added-up sums of an iteration that processes share, rounded once.
// In doubles, without fused multiply-adds, and in one order: whatever processors the processes run on, they come to the
// same atoms. s: n values, doubles or single floats, as they travel · d, d': n floats. Bytes: 20n or 28n. Flops: 8n.
import type { Body, Module } from "../emit.ts";
import {
  type Code,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  type Local,
  type V128,
  v128,
} from "../instructions.ts";

/** How the kernel is called for sums of a type. */
export const turnName = { f32: "turnSingle", f64: "turnDouble" } as const;

/**
 * Adds turnSingle or turnDouble(sum, before, after, along, least, width): 1, or 0 where ‖v‖ is not at least `least`,
 * and nothing is written.
 */
export function addTurn(m: Module, type: keyof typeof turnName): void {
  m.function(turnName[type], {
    sum: "ptr",
    before: "ptr",
    after: "ptr",
    along: "f64",
    least: "f64",
    width: "i32",
  }, (f, p) => {
    const along = f.let(f64x2.splat(p.along));
    const at = { i: f.local("i32"), sum: f.local("ptr"), d: f.local("ptr") };
    const whole = f.let(i32.and(p.width, i32.const(-4)));
    const pair = (half: 0 | 1): V128 =>
      f64x2.add(
        type === "f32"
          ? singles(at.sum, 8 * half)
          : v128.load(at.sum, 16 * half),
        f64x2.mul(along, singles(at.d, 8 * half)),
      );
    const one = (): Code<"f64"> =>
      f64.add(
        type === "f32" ? f64.promote(f32.load(at.sum)) : f64.load(at.sum),
        f64.mul(p.along, f64.promote(f32.load(at.d))),
      );
    // Goes over the vector by fours, and then one by one.
    const over = (four: () => void, rest: () => void): void => {
      const bytes = type === "f32" ? 4 : 8;
      f.set(at.sum, p.sum);
      f.set(at.d, p.before);
      f.for(at.i, i32.const(0), whole, 4, () => {
        four();
        f.move(at.sum, 4 * bytes);
        f.move(at.d, 16);
      });
      f.for(at.i, whole, p.width, 1, () => {
        rest();
        f.move(at.sum, bytes);
        f.move(at.d, 4);
      });
    };
    const norm = f.let(f64.sqrt(squares(f, over, pair, one)));
    f.if(i32.not(f64.ge(norm, p.least)), () => f.return(i32.const(0)));
    const inverse = f.let(f64.div(f64.const(1), norm));
    const by = f.let(f64x2.splat(inverse));
    over(() => {
      for (const half of [0, 1] as const) {
        const scaled = f32x4.demote(f64x2.mul(pair(half), by));
        f.storeHalf(p.after, scaled, 0, 8 * half);
      }
      f.move(p.after, 16);
    }, () => {
      f.store(p.after, f32.demote(f64.mul(one(), inverse)));
      f.move(p.after, 4);
    });
    f.return(i32.const(1));
  }, "i32");
}

// ‖v‖², by four sums and the rest.
function squares(
  f: Body,
  over: (four: () => void, rest: () => void) => void,
  pair: (half: 0 | 1) => V128,
  one: () => Code<"f64">,
): Code<"f64"> {
  const sums = f.locals("v128", 2), v = f.local("v128");
  const rest = f.local("f64"), w = f.local("f64");
  over(() =>
    sums.forEach((sum, half) => {
      f.set(v, pair(half as 0 | 1));
      f.set(sum, f64x2.add(sum, f64x2.mul(v, v)));
    }), () => {
    f.set(w, one());
    f.set(rest, f64.add(rest, f64.mul(w, w)));
  });
  const both = f.let(f64x2.add(sums[0], sums[1]));
  return f64.add(f64.add(f64x2.lane(both, 0), f64x2.lane(both, 1)), rest);
}

// Two single floats as doubles.
function singles(at: Local<"ptr">, offset: number): V128 {
  return f64x2.promote(v128.loadHalf(at, offset));
}
