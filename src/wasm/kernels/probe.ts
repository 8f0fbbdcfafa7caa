// Whether multiply-add rounds once: (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴ where it does, and 0 where the product was
// rounded.
import type { Module } from "../emit.ts";
import { f32, f32x4 } from "../instructions.ts";

/** Adds probe(). */
export function addProbe(m: Module): void {
  m.function("probe", {}, (f) => {
    const x = f.let(f32x4.splat(f32.const(1 + 2 ** -12)));
    const c = f32x4.splat(f32.const(-1 - 2 ** -11));
    f.return(f32x4.lane(m.fma.madd(x, x, c), 0));
  }, "f32");
}
