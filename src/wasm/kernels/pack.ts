// Lays rows out in panels: `wide` rows side by side, value after value, as the product reads them.
// Rows lie `row` bytes apart and have `depth` values each, a multiple of four. Bytes: 8 a value.
import { f32x4, i32, type V128, v128 } from "../instructions.ts";
import type { Body, Module } from "../emit.ts";

const ZERO = i32.const(0);

/** Four vectors as columns of the four given as rows. */
export function transposed(f: Body, rows: readonly V128[]): V128[] {
  const [a, b, c, d] = rows;
  const low = [0, 4, 1, 5], high = [2, 6, 3, 7];
  const ab = [low, high].map((lanes) => f.let(f32x4.shuffle(a, b, lanes)));
  const cd = [low, high].map((lanes) => f.let(f32x4.shuffle(c, d, lanes)));
  return [0, 1].flatMap((half) => [
    f32x4.shuffle(ab[half], cd[half], [0, 1, 4, 5]),
    f32x4.shuffle(ab[half], cd[half], [2, 3, 6, 7]),
  ]);
}

/**
 * Adds `name`(x, to, row, panels, depth): panels of `wide` rows (4 or 6 or 8) from x on. Panels follow each other.
 *
 * @param m the module
 * @param name of the function
 * @param wide rows of a panel
 */
export function addPack(m: Module, name: string, wide: 4 | 6 | 8): void {
  const { ptr } = m;
  m.function(name, {
    x: "ptr",
    to: "ptr",
    row: "i32",
    panels: "i32",
    depth: "i32",
  }, (f, p) => {
    const panel = f.local("i32"), value = f.local("i32");
    const rows = f.locals("ptr", wide), v = f.locals("v128", 4);
    const row = f.let(ptr.of(p.row));
    f.for(panel, ZERO, p.panels, 1, () => {
      for (const at of rows) {
        f.set(at, p.x);
        f.move(p.x, row);
      }
      f.for(value, ZERO, p.depth, 4, () => {
        for (let r = 0; r + 4 <= wide; r += 4) {
          v.forEach((l, i) => f.set(l, v128.load(rows[r + i])));
          transposed(f, v).forEach((column, i) =>
            f.store(p.to, column, 4 * (wide * i + r))
          );
        }
        if (wide % 4 === 2) {
          f.set(v[0], v128.load(rows[wide - 2]));
          f.set(v[1], v128.load(rows[wide - 1]));
          [[0, 4, 1, 5], [2, 6, 3, 7]].forEach((lanes, half) => {
            const pairs = f.let(f32x4.shuffle(v[0], v[1], lanes));
            for (const i of [0, 1] as const) {
              const at = 4 * (wide * (2 * half + i) + wide - 2);
              f.storeHalf(p.to, pairs, i, at);
            }
          });
        }
        for (const at of rows) f.move(at, 16);
        f.move(p.to, 16 * wide);
      });
    });
  });
}
