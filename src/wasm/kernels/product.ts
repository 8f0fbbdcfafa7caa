// C = A·Bᵀ in tiles of 6 × 8 results that stay in registers: 12 sums beside what they are fed from fill the 15
// registers that V8 gives out, and one more would spill. a: panels of 6 rows, b: panels of 8 (see pack.ts), `depth`
// values of each, a multiple of four · c: C, rows `row` bytes apart · first: C is written, else added to. Each result
// is a sum in one order, whoever computes it and with whatever others. Flops: 96 a value of a panel of each. Bytes:
// a's panels from L2 for every panel of b, which stays in L1.
import { f32x4, i32, v128 } from "../instructions.ts";
import type { Module } from "../emit.ts";
import { addPack } from "./pack.ts";

/** Rows of A in a panel. */
export const PANEL_ROWS = 6;

/** Rows of B in a panel: columns of C. */
export const PANEL_COLUMNS = 8;

/** Values of a panel that are multiplied before their sums are stored: a panel of B has to fit L1 twice. */
export const MOST_DEPTH = 256;

/** Runs of values that a product takes at a time, all but the last as long as each other. */
export function depthRuns(padded: number): { from: number; depth: number }[] {
  const count = Math.ceil(padded / MOST_DEPTH);
  const depth = 4 * Math.ceil(padded / count / 4);
  return Array.from({ length: count }, (_, i) => ({
    from: i * depth,
    depth: Math.min(depth, padded - i * depth),
  }));
}

/** Values treated in a turn of the innermost loop. */
const UNROLLED = 4;

/** Adds product(a, b, c, aPanels, bPanels, depth, row, first), packRows and packColumns. */
export function addProduct(m: Module): void {
  addPack(m, "packRows", PANEL_ROWS);
  addPack(m, "packColumns", PANEL_COLUMNS);
  const { ptr, fma } = m, vectors = PANEL_COLUMNS / 4;
  m.function("product", {
    a: "ptr",
    b: "ptr",
    c: "ptr",
    aPanels: "i32",
    bPanels: "i32",
    depth: "i32",
    row: "i32",
    first: "i32",
  }, (f, p) => {
    const zero = i32.const(0);
    const sums = Array.from(
      { length: PANEL_ROWS },
      () => f.locals("v128", vectors),
    );
    const y = f.locals("v128", vectors), x = f.local("v128");
    const i = f.local("i32"), j = f.local("i32");
    const a = f.local("ptr"), b = f.local("ptr"), end = f.local("ptr");
    const c = f.local("ptr"), row = f.let(ptr.of(p.row));
    const bBytes = f.let(
      ptr.of(i32.mul(p.depth, i32.const(4 * PANEL_COLUMNS))),
    );
    const turn = (u: number) => {
      y.forEach((v, h) => f.set(v, v128.load(b, 16 * (vectors * u + h))));
      sums.forEach((line, r) => {
        f.set(x, f32x4.loadSplat(a, 4 * (PANEL_ROWS * u + r)));
        line.forEach((sum, h) => f.set(sum, fma.madd(x, y[h], sum)));
      });
    };
    f.for(j, zero, p.bPanels, 1, () => {
      f.set(a, p.a);
      f.set(c, p.c);
      f.set(end, ptr.add(p.b, bBytes));
      f.for(i, zero, p.aPanels, 1, () => {
        for (const sum of sums.flat()) f.set(sum, v128.zero);
        f.set(b, p.b);
        f.repeat(() => {
          for (let u = 0; u < UNROLLED; u++) turn(u);
          f.move(a, 4 * PANEL_ROWS * UNROLLED);
          f.move(b, 4 * PANEL_COLUMNS * UNROLLED);
        }, () => ptr.lt(b, end));
        for (const line of sums) {
          f.if(
            i32.not(p.first),
            () =>
              line.forEach((sum, h) =>
                f.set(sum, f32x4.add(v128.load(c, 16 * h), sum))
              ),
          );
          line.forEach((sum, h) => f.store(c, sum, 16 * h));
          f.move(c, row);
        }
      });
      f.set(p.b, end);
      f.move(p.c, 16 * vectors);
    });
  });
}
