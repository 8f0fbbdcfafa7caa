// Small work on one vector of `bytes` (a multiple of 16): inner product, greatest size, a step along another one, and
// a row's normalisation. Bytes: 4 to 12 a value.
import type { Module } from "../emit.ts";
import { f32, f32x4, i32, type Local, v128 } from "../instructions.ts";

/** Adds dot(a, b, bytes): ⟨a, b⟩, by sixteen sums. */
export function addDot(m: Module): void {
  const { ptr, fma } = m;
  m.function("dot", { a: "ptr", b: "ptr", bytes: "i32" }, (f, p) => {
    const at = f.local("i32"), a = f.local("ptr"), b = f.local("ptr");
    const sums = f.locals("v128", 4);
    f.strides(at, p.bytes, 4, (vectors) => {
      f.set(a, ptr.add(p.a, ptr.of(at)));
      f.set(b, ptr.add(p.b, ptr.of(at)));
      sums.slice(0, vectors).forEach((sum, h) =>
        f.set(
          sum,
          fma.madd(v128.load(a, 16 * h), v128.load(b, 16 * h), sum),
        )
      );
    });
    const [s0, s1, s2, s3] = sums;
    f.set(s0, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    f.set(s0, f32x4.add(s0, f32x4.shuffle(s0, s0, [2, 3, 0, 1])));
    f.return(f32.add(f32x4.lane(s0, 0), f32x4.lane(s0, 1)));
  }, "f32");
}

/** Adds greatest(a, bytes): max |a|. */
export function addGreatest(m: Module): void {
  const { ptr } = m;
  m.function("greatest", { a: "ptr", bytes: "i32" }, (f, p) => {
    const at = f.local("i32"), a = f.local("ptr");
    const most = f.locals("v128", 4), [m0, m1, m2, m3] = most;
    f.strides(at, p.bytes, 4, (vectors) => {
      f.set(a, ptr.add(p.a, ptr.of(at)));
      most.slice(0, vectors).forEach((v, h) =>
        f.set(v, f32x4.pmax(v, f32x4.abs(v128.load(a, 16 * h))))
      );
    });
    f.set(m0, f32x4.pmax(f32x4.pmax(m0, m1), f32x4.pmax(m2, m3)));
    f.set(m0, f32x4.pmax(m0, f32x4.shuffle(m0, m0, [2, 3, 0, 1])));
    f.return(f32.max(f32x4.lane(m0, 0), f32x4.lane(m0, 1)));
  }, "f32");
}

/** Adds step(v, d, along, by, bytes): v ← (v + along·d)·by. */
export function addStep(m: Module): void {
  const { ptr, fma } = m;
  m.function("step", {
    v: "ptr",
    d: "ptr",
    along: "f32",
    by: "f32",
    bytes: "i32",
  }, (f, p) => {
    const at = f.local("i32"), v = f.local("ptr"), d = f.local("ptr");
    const along = f.let(f32x4.splat(p.along)), by = f.let(f32x4.splat(p.by));
    f.strides(at, p.bytes, 4, (vectors) => {
      f.set(v, ptr.add(p.v, ptr.of(at)));
      f.set(d, ptr.add(p.d, ptr.of(at)));
      for (let h = 0; h < vectors; h++) {
        const sum = fma.madd(along, v128.load(d, 16 * h), v128.load(v, 16 * h));
        f.store(v, f32x4.mul(sum, by), 16 * h);
      }
    });
  });
}

/** Adds distance(a, b, bytes): ‖a − b‖², by sixteen sums. */
export function addDistance(m: Module): void {
  const { ptr, fma } = m;
  m.function("distance", { a: "ptr", b: "ptr", bytes: "i32" }, (f, p) => {
    const at = f.local("i32"), a = f.local("ptr"), b = f.local("ptr");
    const sums = f.locals("v128", 4), off = f.local("v128");
    f.strides(at, p.bytes, 4, (vectors) => {
      f.set(a, ptr.add(p.a, ptr.of(at)));
      f.set(b, ptr.add(p.b, ptr.of(at)));
      sums.slice(0, vectors).forEach((sum, h) => {
        f.set(off, f32x4.sub(v128.load(a, 16 * h), v128.load(b, 16 * h)));
        f.set(sum, fma.madd(off, off, sum));
      });
    });
    const [s0, s1, s2, s3] = sums;
    f.set(s0, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    f.set(s0, f32x4.add(s0, f32x4.shuffle(s0, s0, [2, 3, 0, 1])));
    f.return(f32.add(f32x4.lane(s0, 0), f32x4.lane(s0, 1)));
  }, "f32");
}

/** Adds normalise(r, mean, scale, rows, bytes): r ← (r − mean)·scale for rows that follow each other. */
export function addNormalise(m: Module): void {
  const { ptr } = m;
  m.function("normalise", {
    r: "ptr",
    mean: "ptr",
    scale: "f32",
    rows: "i32",
    bytes: "i32",
  }, (f, p) => {
    const row = f.local("i32"), at = f.local("i32");
    const r = f.local("ptr"), mean = f.local("ptr");
    const scale = f.let(f32x4.splat(p.scale));
    const put = (h: number, offset: Local<"ptr">) =>
      f.store(
        r,
        f32x4.mul(
          f32x4.sub(v128.load(r, 16 * h), v128.load(offset, 16 * h)),
          scale,
        ),
        16 * h,
      );
    f.for(row, i32.const(0), p.rows, 1, () => {
      f.strides(at, p.bytes, 4, (vectors) => {
        f.set(r, ptr.add(p.r, ptr.of(at)));
        f.set(mean, ptr.add(p.mean, ptr.of(at)));
        for (let h = 0; h < vectors; h++) put(h, mean);
      });
      f.move(p.r, ptr.of(p.bytes));
    });
  });
}
