// WebAssembly's instructions as typed expressions: what TypeScript checks, the bytes need not be checked for.
import { signed, unsigned } from "./encode.ts";

/** Types of values; `ptr` is an address: 32 bits wide, or 64 in a memory beyond 4 GiB. */
export type Type = "i32" | "ptr" | "f32" | "f64" | "v128";

/** An expression: the bytes that leave its value on the stack. */
export interface Code<T extends Type> {
  readonly type: T;
  readonly bytes: readonly number[];
}

/** A 32-bit integer; also a condition. */
export type I32 = Code<"i32">;
/** An address in bytes. */
export type Ptr = Code<"ptr">;
/** A single float. */
export type F32 = Code<"f32">;
/** A double. */
export type F64 = Code<"f64">;
/** Four floats, or two doubles. */
export type V128 = Code<"v128">;

/** A variable of a function: an expression that can be set. */
export interface Local<T extends Type> extends Code<T> {
  readonly index: number;
}

type Unary<A extends Type, R extends Type> = (a: Code<A>) => Code<R>;
type Binary<A extends Type, R extends Type> = (
  a: Code<A>,
  b: Code<A>,
) => Code<R>;

function code<T extends Type>(
  type: T,
  ...parts: (readonly number[])[]
): Code<T> {
  return { type, bytes: ([] as number[]).concat(...parts) };
}

function unary<A extends Type, R extends Type>(
  result: R,
  op: number[],
): Unary<A, R> {
  return (a) => code(result, a.bytes, op);
}

function binary<A extends Type, R extends Type>(
  result: R,
  op: number[],
): Binary<A, R> {
  return (a, b) => code(result, a.bytes, b.bytes, op);
}

function ternary<T extends Type>(type: T, op: number[]) {
  return (a: Code<T>, b: Code<T>, c: Code<T>): Code<T> =>
    code(type, a.bytes, b.bytes, c.bytes, op);
}

// Reads memory: opcode, alignment (as a power of two), offset.
function load<T extends Type>(type: T, op: number[], align: number) {
  return (at: Ptr, offset = 0): Code<T> =>
    code(type, at.bytes, op, [align], unsigned(offset));
}

function simd(op: number): number[] {
  return [0xfd, ...unsigned(op)];
}

const bytesOf = (value: ArrayBufferView) => [...new Uint8Array(value.buffer)];

/** Instructions on 32-bit integers; comparisons and divisions are unsigned. */
export const i32 = {
  const: (value: number): I32 => code("i32", [0x41], signed(value)),
  load: load("i32", [0x28], 2),
  add: binary<"i32", "i32">("i32", [0x6a]),
  sub: binary<"i32", "i32">("i32", [0x6b]),
  mul: binary<"i32", "i32">("i32", [0x6c]),
  and: binary<"i32", "i32">("i32", [0x71]),
  or: binary<"i32", "i32">("i32", [0x72]),
  shl: (a: I32, bits: number): I32 =>
    code("i32", a.bytes, [0x41], signed(bits), [0x74]),
  shr: (a: I32, bits: number): I32 =>
    code("i32", a.bytes, [0x41], signed(bits), [0x76]),
  not: unary<"i32", "i32">("i32", [0x45]),
  eq: binary<"i32", "i32">("i32", [0x46]),
  ne: binary<"i32", "i32">("i32", [0x47]),
  lt: binary<"i32", "i32">("i32", [0x49]),
  ge: binary<"i32", "i32">("i32", [0x4f]),
};

/** Instructions on single floats. */
export const f32 = {
  const: (value: number): F32 =>
    code("f32", [0x43], bytesOf(Float32Array.of(value))),
  load: load("f32", [0x2a], 2),
  add: binary<"f32", "f32">("f32", [0x92]),
  sub: binary<"f32", "f32">("f32", [0x93]),
  mul: binary<"f32", "f32">("f32", [0x94]),
  abs: unary<"f32", "f32">("f32", [0x8b]),
  ge: binary<"f32", "i32">("i32", [0x60]),
  gt: binary<"f32", "i32">("i32", [0x5e]),
  ne: binary<"f32", "i32">("i32", [0x5c]),
  max: binary<"f32", "f32">("f32", [0x97]),
  demote: unary<"f64", "f32">("f32", [0xb6]),
};

/** Instructions on doubles. */
export const f64 = {
  const: (value: number): F64 =>
    code("f64", [0x44], bytesOf(Float64Array.of(value))),
  load: load("f64", [0x2b], 3),
  add: binary<"f64", "f64">("f64", [0xa0]),
  sub: binary<"f64", "f64">("f64", [0xa1]),
  mul: binary<"f64", "f64">("f64", [0xa2]),
  div: binary<"f64", "f64">("f64", [0xa3]),
  sqrt: unary<"f64", "f64">("f64", [0x9f]),
  copysign: binary<"f64", "f64">("f64", [0xa6]),
  gt: binary<"f64", "i32">("i32", [0x64]),
  ge: binary<"f64", "i32">("i32", [0x66]),
  eq: binary<"f64", "i32">("i32", [0x61]),
  promote: unary<"f32", "f64">("f64", [0xbb]),
};

/** Instructions on 128 bits, whatever they hold. */
export const v128 = {
  zero: code("v128", simd(0x0c), Array(16).fill(0)),
  load: load("v128", simd(0x00), 4),
  /** 64 bits, and zeros. */
  loadHalf: load("v128", simd(0x5d), 3),
  and: binary<"v128", "v128">("v128", simd(0x4e)),
  /** Bits of the first where the mask's are set, else of the second. */
  select: ternary("v128", simd(0x52)),
};

/** Instructions on four 32-bit integers. */
export const i32x4 = {
  splat: unary<"i32", "v128">("v128", simd(0x11)),
  lane: (a: V128, lane: number): I32 =>
    code("i32", a.bytes, simd(0x1b), [lane]),
  /** The lesser, unsigned. */
  min: binary<"v128", "v128">("v128", simd(0xb7)),
};

/** Instructions on four floats; `pmax` gives its first argument where either is a NaN. */
export const f32x4 = {
  splat: unary<"f32", "v128">("v128", simd(0x13)),
  loadSplat: load("v128", simd(0x09), 2),
  lane: (a: V128, lane: number): F32 =>
    code("f32", a.bytes, simd(0x1f), [lane]),
  add: binary<"v128", "v128">("v128", simd(0xe4)),
  sub: binary<"v128", "v128">("v128", simd(0xe5)),
  mul: binary<"v128", "v128">("v128", simd(0xe6)),
  abs: unary<"v128", "v128">("v128", simd(0xe0)),
  pmax: binary<"v128", "v128">("v128", simd(0xeb)),
  eq: binary<"v128", "v128">("v128", simd(0x41)),
  gt: binary<"v128", "v128">("v128", simd(0x44)),
  /** Two doubles, and zeros. */
  demote: unary<"v128", "v128">("v128", simd(0x5e)),
  /** Lanes 0 to 3 are those of a, 4 to 7 those of b. */
  shuffle: (a: V128, b: V128, lanes: readonly number[]): V128 =>
    code(
      "v128",
      a.bytes,
      b.bytes,
      simd(0x0d),
      lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
    ),
};

/** Instructions on two doubles. */
export const f64x2 = {
  splat: unary<"f64", "v128">("v128", simd(0x14)),
  loadSplat: load("v128", simd(0x0a), 3),
  lane: (a: V128, lane: number): F64 =>
    code("f64", a.bytes, simd(0x21), [lane]),
  add: binary<"v128", "v128">("v128", simd(0xf0)),
  sub: binary<"v128", "v128">("v128", simd(0xf1)),
  mul: binary<"v128", "v128">("v128", simd(0xf2)),
  /** Lanes 0 and 1 of four floats. */
  promote: unary<"v128", "v128">("v128", simd(0x5f)),
};

/** a·b + c and c − a·b on four floats. */
export interface MultiplyAdd {
  madd(a: V128, b: V128, c: V128): V128;
  nmadd(a: V128, b: V128, c: V128): V128;
}

/**
 * Multiply-add by relaxed SIMD, which rounds once where the processor can, or by two instructions that everyone has.
 */
export function multiplyAdd(relaxed: boolean): MultiplyAdd {
  return relaxed
    ? {
      madd: ternary("v128", simd(0x105)),
      nmadd: ternary("v128", simd(0x106)),
    }
    : {
      madd: (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
      nmadd: (a, b, c) => f32x4.sub(c, f32x4.mul(a, b)),
    };
}

/** Instructions on addresses. */
export interface Addresses {
  const(value: number): Ptr;
  add(a: Ptr, b: Ptr | number): Ptr;
  mul(a: Ptr, b: Ptr | number): Ptr;
  lt(a: Ptr, b: Ptr): I32;
  /** An integer ≥ 0 as an address. */
  of(value: I32): Ptr;
}

/** Instructions on addresses of 32 or 64 bits. */
export function addresses(wide: boolean): Addresses {
  const constant = (value: number): Ptr =>
    code("ptr", [wide ? 0x42 : 0x41], signed(value));
  const operation = (narrowOp: number, wideOp: number) => {
    const apply = binary<"ptr", "ptr">("ptr", [wide ? wideOp : narrowOp]);
    return (a: Ptr, b: Ptr | number) =>
      apply(a, typeof b === "number" ? constant(b) : b);
  };
  return {
    const: constant,
    add: operation(0x6a, 0x7c),
    mul: operation(0x6c, 0x7e),
    lt: binary<"ptr", "i32">("i32", [wide ? 0x54 : 0x49]),
    of: (value) => code("ptr", value.bytes, wide ? [0xad] : []),
  };
}

/** How values are written to memory: opcode and alignment, for every type but addresses, which no kernel stores. */
export const STORES: Record<Exclude<Type, "ptr">, readonly number[]> = {
  i32: [0x36, 2],
  f32: [0x38, 2],
  f64: [0x39, 3],
  v128: [...simd(0x0b), 4],
};

/** Writes one half of a vector: its opcode, and the alignment. */
export const STORE_HALF: readonly number[] = [...simd(0x5b), 3];
