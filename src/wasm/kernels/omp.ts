// Orthogonal matching pursuit of one row from its correlations and the Gram: Batch-OMP (Rubinstein et al. 2008), with
// its progressive Cholesky kept as rows. Step t makes w_t = (G_j − Σ_s w_s[j]·w_s)/√pivot, every atom's correlation
// with the newest orthonormal direction, and a ← a − z_t·w_t with z_t = a_j/√pivot; finding the greatest |a| rides
// along. c: correlations, left alone · a: room for them as they change · g: Gram, `row` bytes a row · w: room, k·row
// bytes, as [block of 32 atoms][step][32], so that what a block needs is contiguous · l: room, k floats · support: k
// indices. Ends at k atoms, where nothing exceeds the floor, or at ‖r‖² ≤ stop (0: never); there is no pass after the
// last choice. The dial of the choice: weights, a factor for each atom's correlation where it is compared, and λ,
// which every pivot is greater by. Bytes: 4m a step from the Gram, 4mt from w (L2). Flops: 2m(t + 1) at step t.
import { DEPENDENT_PIVOT } from "../../thresholds.ts";
import type { Module } from "../emit.ts";
import { f32, f32x4, f64, i32, type Local, v128 } from "../instructions.ts";
import { BLOCK_BYTES, Search } from "./search.ts";
import { touchRow } from "./touch.ts";

/** Names of the kernel's kinds. */
export function ompName(
  signed: boolean,
  weighted: boolean,
): "omp" | "ompPositive" | "ompWeighted" | "ompPositiveWeighted" {
  const name = signed ? "omp" : "ompPositive";
  return weighted ? `${name}Weighted` : name;
}

/**
 * Adds omp(…): the number of atoms chosen. Its kinds choose among positive correlations only, or by weighted ones.
 *
 * @param m the module
 * @param signed whether correlations count by their size
 * @param weighted whether they are compared by weight
 */
export function addOmp(m: Module, signed: boolean, weighted: boolean): void {
  const { ptr, fma } = m;
  m.function(ompName(signed, weighted), {
    c: "ptr",
    a: "ptr",
    g: "ptr",
    w: "ptr",
    l: "ptr",
    support: "ptr",
    weights: "ptr",
    row: "i32",
    k: "i32",
    floor: "f32",
    energy: "f64",
    stop: "f64",
    lambda: "f64",
  }, (f, p) => {
    const search = new Search(m, f, {
      signed,
      weights: weighted ? p.weights : undefined,
    });
    const at = f.local("i32"), count = f.local("i32"), s = f.local("i32");
    const gRow = f.local("ptr"), w = f.local("ptr"), here = f.local("ptr");
    const l = f.local("ptr"), known = f.local("ptr");
    const pivot = f.local("f64"), z = f.local("f64"), entry = f.local("f32");
    const x = f.local("v128"), scale = f.local("v128"), step = f.local("v128");
    const zero = i32.const(0);
    const rowBytes = f.let(ptr.of(p.row));
    const wBlock = f.let(ptr.mul(ptr.of(p.k), BLOCK_BYTES));
    const above = () =>
      i32.or(f64.eq(p.stop, f64.const(0)), f64.gt(p.energy, p.stop));
    const word = (base: Local<"ptr">, index: Local<"i32">) =>
      ptr.add(base, ptr.of(i32.shl(index, 2)));

    // l_s = w_s[j] and the pivot G_jj − Σ l².
    const project = () => {
      const { place } = search, blockBits = Math.log2(BLOCK_BYTES);
      const atom = ptr.of(i32.shr(place, 2));
      f.set(gRow, ptr.add(p.g, ptr.mul(atom, rowBytes)));
      const diagonal = ptr.add(gRow, ptr.of(place));
      touchRow(m, f, gRow, p.row, diagonal, count);
      f.set(pivot, f64.add(f64.promote(f32.load(diagonal)), p.lambda));
      const block = ptr.mul(ptr.of(i32.shr(place, blockBits)), wBlock);
      const inside = ptr.of(i32.and(place, i32.const(BLOCK_BYTES - 1)));
      f.set(w, ptr.add(ptr.add(p.w, block), inside));
      f.for(s, zero, count, 1, () => {
        f.set(entry, f32.load(w));
        f.store(word(p.l, s), entry);
        f.set(
          pivot,
          f64.sub(pivot, f64.mul(f64.promote(entry), f64.promote(entry))),
        );
        f.move(w, BLOCK_BYTES);
      });
    };

    const subtract = () => {
      f.set(step, f32x4.splat(f32.demote(z)));
      search.begin(p.floor);
      f.set(known, word(p.l, count));
      f.set(w, p.w);
      const { values } = search;
      f.for(at, zero, p.row, BLOCK_BYTES, () => {
        f.set(here, ptr.add(gRow, ptr.of(at)));
        values.forEach((v, h) => f.set(v, v128.load(here, 16 * h)));
        f.set(here, w);
        f.set(l, p.l);
        f.if(ptr.lt(l, known), () =>
          f.repeat(() => {
            f.set(x, f32x4.loadSplat(l));
            values.forEach((v, h) =>
              f.set(v, fma.nmadd(x, v128.load(here, 16 * h), v))
            );
            f.move(here, BLOCK_BYTES);
            f.move(l, 4);
          }, () => ptr.lt(l, known)));
        values.forEach((v, h) => {
          f.set(v, f32x4.mul(v, scale));
          f.store(here, v, 16 * h);
        });
        f.set(here, ptr.add(p.a, ptr.of(at)));
        values.forEach((v, h) => {
          f.set(v, fma.nmadd(step, v, v128.load(here, 16 * h)));
          f.store(here, v, 16 * h);
        });
        search.look(at);
        f.move(w, wBlock);
      });
    };

    f.if(i32.not(above()), () => f.return(zero));
    search.begin(p.floor);
    search.scan(at, p.c, p.row, p.a);
    f.repeat(() => {
      f.if(search.empty(), () => f.return(count));
      search.find(p.a);
      project();
      f.store(ptr.add(p.a, ptr.of(search.place)), f32.const(NaN));
      f.if(f64.gt(f64.const(DEPENDENT_PIVOT), pivot), () => {
        search.begin(p.floor);
        search.scan(at, p.a, p.row);
      }, () => {
        f.store(word(p.support, count), i32.shr(search.place, 2));
        f.set(pivot, f64.div(f64.const(1), f64.sqrt(pivot)));
        f.set(scale, f32x4.splat(f32.demote(pivot)));
        f.set(z, f64.mul(f64.promote(search.value), pivot));
        f.set(p.energy, f64.sub(p.energy, f64.mul(z, z)));
        f.if(i32.not(above()), () => f.return(i32.add(count, i32.const(1))));
        f.if(
          i32.ge(i32.add(count, i32.const(1)), p.k),
          () => f.return(p.k),
        );
        subtract();
        f.add(count, 1);
      });
    }, () => i32.const(1));
    f.unreachable();
  }, "i32");
}
