// Terms of several processes, added in doubles by halves of the processes, S(a, b) = S(a, c) + S(c, b) with c = ⌊(a +
// b)/2⌋, and rounded to the values' type. terms: those of each process, `stride` bytes after those of the one before ·
// count: how many; where it is odd, room for one more is read and written. Bytes: 4 or 8 a term and a sum.
import { Module, type Target } from "../emit.ts";
import {
  type Code,
  f32x4,
  f64x2,
  i32,
  type V128,
  v128,
} from "../instructions.ts";

/** The kernels of this file, by the type of the values. */
export const termsName = { f32: "addSingles", f64: "addDoubles" } as const;

/** Emits addSingles and addDoubles(terms, sums, stride, count) for so many processes, as a module of their own. */
export function emitTerms(target: Target, processes: number): Module {
  const m = new Module(target);
  addTerms(m, "f32", processes);
  addTerms(m, "f64", processes);
  return m;
}

function addTerms(
  m: Module,
  type: keyof typeof termsName,
  processes: number,
): void {
  const bytes = type === "f32" ? 8 : 16;
  m.function(termsName[type], {
    terms: "ptr",
    sums: "ptr",
    stride: "ptr",
    count: "i32",
  }, (f, p) => {
    const i = f.local("i32"), here = f.local("ptr");
    const partial = f.locals("v128", 1 + Math.ceil(Math.log2(processes)));
    // Adds up the terms of some processes that follow each other, as the sum of a depth.
    const add = (from: number, to: number, depth: number): void => {
      if (to - from === 1) {
        f.set(partial[depth], pair(here));
        f.move(here, p.stride);
        return;
      }
      const middle = (from + to) >> 1;
      add(from, middle, depth);
      add(middle, to, depth + 1);
      const sum = f64x2.add(partial[depth], partial[depth + 1]);
      f.set(partial[depth], sum);
    };
    const pair = (at: Code<"ptr">): V128 =>
      type === "f32" ? f64x2.promote(v128.loadHalf(at)) : v128.load(at);
    f.for(i, i32.const(0), p.count, 2, () => {
      f.set(here, p.terms);
      add(0, processes, 0);
      if (type === "f32") f.storeHalf(p.sums, f32x4.demote(partial[0]), 0);
      else f.store(p.sums, partial[0]);
      f.move(p.terms, bytes);
      f.move(p.sums, bytes);
    });
  });
}
