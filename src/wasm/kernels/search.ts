// The best of a row's correlations: its value, and the block of 32 atoms that holds it first. What is barred is a
// NaN, which stays one whatever is subtracted from it and is never greater than anything. Part of omp.ts and mp.ts.
import type { Body, Module } from "../emit.ts";
import {
  type F32,
  f32,
  f32x4,
  type I32,
  i32,
  type Local,
  type Ptr,
  v128,
} from "../instructions.ts";

/** Vectors of a block: as many sums as fill the registers beside what they are fed from. */
export const BLOCK_VECTORS = 8;

/** Bytes of a block of correlations. */
export const BLOCK_BYTES = 16 * BLOCK_VECTORS;

/** Atoms of a block; every group's atoms are padded to a multiple of it. */
export const BLOCK_ATOMS = 4 * BLOCK_VECTORS;

/** What `block` says where nothing was above the floor. */
const NONE = i32.const(-1);

/** What a search takes for the best. */
export interface SearchKind {
  /** Correlations count by their size; else only positive ones count. */
  signed: boolean;
  /** Address of factors of the correlations, one an atom: they make up what is compared. */
  weights?: Ptr | undefined;
}

/** The search of one function. */
export class Search {
  /** The block under examination. */
  readonly values: Local<"v128">[];
  /** Where the best was found, in bytes from the row's start, once `find` has looked for it. */
  readonly place: Local<"i32">;
  /** Its correlation. */
  readonly value: Local<"f32">;
  readonly #f: Body;
  readonly #m: Module;
  readonly #kind: SearchKind;
  readonly #best: Local<"v128">;
  readonly #scratch: Local<"v128">;
  readonly #block: Local<"i32">;

  /**
   * @param m the module
   * @param f the function's body
   * @param kind what counts as good
   */
  constructor(m: Module, f: Body, kind: SearchKind) {
    this.#m = m;
    this.#f = f;
    this.#kind = kind;
    this.values = f.locals("v128", BLOCK_VECTORS);
    this.#best = f.local("v128");
    this.#scratch = f.local("v128");
    this.#block = f.local("i32");
    this.place = f.local("i32");
    this.value = f.local("f32");
  }

  /** Begins anew: nothing at or under the floor will do. */
  begin(floor: F32): void {
    this.#f.set(this.#best, f32x4.splat(floor));
    this.#f.set(this.#block, NONE);
  }

  /** Looks at the block at hand, which begins at this byte of the row. */
  look(at: I32): void {
    const f = this.#f, best = this.#best, most = this.#scratch;
    const { signed, weights } = this.#kind, { ptr } = this.#m;
    const size = (v: typeof best, h: number) => {
      const plain = signed ? f32x4.abs(v) : v;
      if (weights === undefined) return plain;
      const factors = v128.load(ptr.add(weights, ptr.of(at)), 16 * h);
      return f32x4.mul(plain, factors);
    };
    // The best comes first: where one of two is a NaN, pmax gives the first.
    this.values.forEach((v, h) =>
      f.set(most, f32x4.pmax(h === 0 ? best : most, size(v, h)))
    );
    f.if(v128.any(f32x4.gt(most, best)), () => {
      const swapped = f32x4.shuffle(most, most, [2, 3, 0, 1]);
      f.set(most, f32x4.pmax(most, swapped));
      const turned = f32x4.shuffle(most, most, [1, 0, 3, 2]);
      f.set(best, f32x4.pmax(most, turned));
      f.set(this.#block, at);
    });
  }

  /** Looks at whole rows as they are; `to` takes a copy. */
  scan(at: Local<"i32">, from: Ptr, bytes: I32, to?: Ptr): void {
    const f = this.#f, { ptr } = this.#m;
    const here = f.local("ptr");
    f.for(at, i32.const(0), bytes, BLOCK_BYTES, () => {
      f.set(here, ptr.add(from, ptr.of(at)));
      this.values.forEach((v, h) => f.set(v, v128.load(here, 16 * h)));
      if (to !== undefined) {
        f.set(here, ptr.add(to, ptr.of(at)));
        this.values.forEach((v, h) => f.store(here, v, 16 * h));
      }
      this.look(at);
    });
  }

  /** True where nothing was found. */
  empty(): I32 {
    return i32.eq(this.#block, NONE);
  }

  /** Sets `place` and `value`: the first of the block that is as great as the best. */
  find(row: Ptr): void {
    const f = this.#f, { ptr } = this.#m;
    const best = f.let(f32x4.lane(this.#best, 0));
    f.set(this.place, i32.sub(this.#block, i32.const(4)));
    f.repeat(() => {
      f.add(this.place, 4);
      f.set(this.value, f32.load(ptr.add(row, ptr.of(this.place))));
    }, () => {
      const { signed, weights } = this.#kind;
      const plain = signed ? f32.abs(this.value) : this.value;
      const size = weights === undefined
        ? plain
        : f32.mul(plain, f32.load(ptr.add(weights, ptr.of(this.place))));
      return i32.not(f32.ge(size, best));
    });
  }
}
