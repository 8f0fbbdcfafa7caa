// The best of a row's correlations: its value, and the block of 32 atoms that holds it first. What is barred is a
// NaN, which stays one whatever is subtracted from it and is never greater than anything. Part of omp.ts and mp.ts.
import type { Body, Module } from "../emit.ts";
import {
  type F32,
  f32,
  f32x4,
  type I32,
  i32,
  i32x4,
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
  /** Bits of a float but its sign. */
  readonly #size: Local<"v128">;
  /** The best of each lane, and the first block that had it. */
  readonly #best: Local<"v128">;
  readonly #blocks: Local<"v128">;
  readonly #halves: Local<"v128">[];
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
    this.#size = f.let(i32x4.splat(i32.const(0x7fffffff)));
    this.#best = f.local("v128");
    this.#blocks = f.local("v128");
    this.#halves = f.locals("v128", 2);
    this.#block = f.local("i32");
    this.place = f.local("i32");
    this.value = f.local("f32");
  }

  /** Begins anew: nothing at or under the floor will do. */
  begin(floor: F32): void {
    this.#f.set(this.#best, f32x4.splat(floor));
    this.#f.set(this.#blocks, i32x4.splat(NONE));
  }

  /**
   * Looks at the block at hand, which begins at this byte of the row. Lanes keep their own best, without a branch: one
   * would be guessed wrong a few times in every row.
   */
  look(at: I32): void {
    const f = this.#f, best = this.#best;
    const { signed, weights } = this.#kind, { ptr } = this.#m;
    const size = (v: typeof best, h: number) => {
      const plain = signed ? v128.and(v, this.#size) : v;
      if (weights === undefined) return plain;
      const factors = v128.load(ptr.add(weights, ptr.of(at)), 16 * h);
      return f32x4.mul(plain, factors);
    };
    // The best comes first: where one of two is a NaN, pmax gives the first. Two rows of comparisons wait half as long
    // for each other as one.
    this.#halves.forEach((most, half) => {
      for (let h = half; h < BLOCK_VECTORS; h += 2) {
        const first = h === half ? best : most;
        f.set(most, f32x4.pmax(first, size(this.values[h], h)));
      }
    });
    const [one, other] = this.#halves;
    f.set(one, f32x4.pmax(one, other));
    const better = f32x4.gt(one, best);
    f.set(this.#blocks, v128.select(i32x4.splat(at), this.#blocks, better));
    f.set(best, one);
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

  /** Ends a pass: true where nothing was found. */
  empty(): I32 {
    const f = this.#f, best = this.#best, blocks = this.#blocks;
    const turns = [[2, 3, 0, 1], [1, 0, 3, 2]];
    const own = f.let(best);
    for (const turn of turns) {
      f.set(best, f32x4.pmax(best, f32x4.shuffle(best, best, turn)));
    }
    // The first block of those whose lanes have the best; NONE, unsigned, is the last of all.
    const having = f32x4.eq(own, best);
    f.set(blocks, v128.select(blocks, i32x4.splat(NONE), having));
    for (const turn of turns) {
      f.set(blocks, i32x4.min(blocks, f32x4.shuffle(blocks, blocks, turn)));
    }
    f.set(this.#block, i32x4.lane(blocks, 0));
    return i32.eq(this.#block, NONE);
  }

  /** Sets `place` and `value`: the first of the block that is as great as the best. To be called after `empty`. */
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
