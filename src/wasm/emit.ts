// A small emitter of WebAssembly: kernels are written as TypeScript that puts typed expressions together, so that
// they need no build step, and loops are unrolled by TypeScript's own.
import { name, sized, unsigned, vector } from "./encode.ts";
import {
  type Addresses,
  addresses,
  type Code,
  type I32,
  i32,
  type Local,
  type MultiplyAdd,
  multiplyAdd,
  type Ptr,
  STORE_HALF,
  STORES,
  type Type,
  type V128,
} from "./instructions.ts";

/** What a module is emitted for. */
export interface Target {
  /** Multiply-add by relaxed SIMD. */
  relaxed: boolean;
  /** Addresses of 64 bits, for a memory beyond 4 GiB. */
  wide: boolean;
  /**
   * Pages of its memory, which has so many at first and at most: V8 then knows that the size stays, and does not read
   * it again for every check of an address.
   */
  pages: number;
}

/** Names and types of a function's parameters. */
export type Signature = Readonly<Record<string, Type>>;

type Parameters<S extends Signature> = { [N in keyof S]: Local<S[N]> };

/** Bytes of a page of memory. */
export const PAGE_BYTES = 65536;

/** Pages that a memory may have: 4 GiB, and the 16 GiB that V8 allows. */
export const MOST_PAGES = { narrow: 65536, wide: 262144 };

/** The body of one function, statement after statement. */
export class Body {
  readonly bytes: number[] = [];
  readonly types: Type[] = [];
  readonly #parameters: number;
  readonly #ptr: Addresses;

  /**
   * @param parameters how many the function has
   * @param ptr the module's instructions on addresses
   */
  constructor(parameters: number, ptr: Addresses) {
    this.#parameters = parameters;
    this.#ptr = ptr;
  }

  /** A new variable; it begins as 0. */
  local<T extends Type>(type: T): Local<T> {
    const index = this.#parameters + this.types.push(type) - 1;
    return { type, index, bytes: [0x20, ...unsigned(index)] };
  }

  /** Several new variables. */
  locals<T extends Type>(type: T, count: number): Local<T>[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** A new variable with a value. */
  let<T extends Type>(value: Code<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends Type>(local: Local<T>, value: Code<T>): void {
    this.#put(value.bytes, [0x21], unsigned(local.index));
  }

  /** Moves a counter on. */
  add(counter: Local<"i32">, step: number): void {
    this.set(counter, i32.add(counter, i32.const(step)));
  }

  /** Moves an address on. */
  move(at: Local<"ptr">, step: Ptr | number): void {
    this.set(at, this.#ptr.add(at, step));
  }

  store(at: Ptr, value: Code<Exclude<Type, "ptr">>, offset = 0): void {
    this.#put(at.bytes, value.bytes, STORES[value.type], unsigned(offset));
  }

  /** Stores lanes 0 and 1 of four floats, or 2 and 3. */
  storeHalf(at: Ptr, value: V128, half: 0 | 1, offset = 0): void {
    this.#put(at.bytes, value.bytes, STORE_HALF, unsigned(offset), [half]);
  }

  /** Does something once, and again while a condition holds. */
  repeat(body: () => void, condition: () => I32): void {
    this.#put([0x03, 0x40]);
    body();
    this.#put(condition().bytes, [0x0d, 0, 0x0b]);
  }

  /** for (counter = from; counter < to; counter += step). */
  for(
    counter: Local<"i32">,
    from: I32,
    to: I32,
    step: number,
    body: () => void,
  ): void {
    this.set(counter, from);
    const more = () => i32.lt(counter, to);
    this.if(more(), () =>
      this.repeat(() => {
        body();
        this.add(counter, step);
      }, more));
  }

  /**
   * Goes over `bytes` (a multiple of 16) in strides of `vectors` vectors, then vector by vector: `body` is written
   * out twice.
   *
   * @param at counts the bytes
   * @param body gets how many vectors it is to treat
   */
  strides(
    at: Local<"i32">,
    bytes: I32,
    vectors: number,
    body: (vectors: number) => void,
  ): void {
    const stride = 16 * vectors;
    const whole = this.let(i32.and(bytes, i32.const(-stride)));
    this.for(at, i32.const(0), whole, stride, () => body(vectors));
    this.for(at, whole, bytes, 16, () => body(1));
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    this.#put(condition.bytes, [0x04, 0x40]);
    then();
    if (otherwise !== undefined) {
      this.#put([0x05]);
      otherwise();
    }
    this.#put([0x0b]);
  }

  return(value?: Code<Type>): void {
    this.#put(value?.bytes ?? [], [0x0f]);
  }

  /** Marks a place that no path reaches. */
  unreachable(): void {
    this.#put([0x00]);
  }

  #put(...parts: (readonly number[])[]): void {
    for (const part of parts) for (const byte of part) this.bytes.push(byte);
  }
}

interface Emitted {
  name: string;
  parameters: readonly Type[];
  result?: Type | undefined;
  body: Body;
}

/** A module that imports one shared memory of a fixed size, `host.memory`, and exports its functions. */
export class Module {
  /** Instructions on this module's addresses. */
  readonly ptr: Addresses;
  /** This module's multiply-add. */
  readonly fma: MultiplyAdd;
  readonly #target: Target;
  readonly #functions: Emitted[] = [];

  constructor(target: Target) {
    this.#target = target;
    this.ptr = addresses(target.wide);
    this.fma = multiplyAdd(target.relaxed);
  }

  /** Adds an exported function; `write` writes its body. */
  function<S extends Signature>(
    name: string,
    signature: S,
    write: (f: Body, parameters: Parameters<S>) => void,
    result?: Type,
  ): void {
    const parameters = Object.values(signature);
    const body = new Body(parameters.length, this.ptr);
    const locals = Object.fromEntries(
      Object.entries(signature).map(([name, type], index) => [
        name,
        { type, index, bytes: [0x20, ...unsigned(index)] },
      ]),
    );
    write(body, locals as unknown as Parameters<S>);
    this.#functions.push({ name, parameters, result, body });
  }

  /** The parameters that are addresses, of every function: they are BigInts to JavaScript where addresses are wide. */
  addressed(): Record<string, boolean[]> {
    return Object.fromEntries(
      this.#functions.map(({ name, parameters }) => [
        name,
        parameters.map((type) => type === "ptr"),
      ]),
    );
  }

  /** The module in WebAssembly's binary format. */
  bytes(): Uint8Array<ArrayBuffer> {
    const all = this.#functions;
    const section = (id: number, items: number[][]) =>
      [id].concat(sized(vector(items)));
    return new Uint8Array(
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0].concat(
        section(1, all.map((f) => this.#functionType(f))),
        section(2, [this.#memoryImport()]),
        section(3, all.map((_, index) => unsigned(index))),
        section(
          7,
          all.map((f, index) => [...name(f.name), 0, ...unsigned(index)]),
        ),
        section(10, all.map(({ body }) => this.#functionBody(body))),
      ),
    );
  }

  #functionType({ parameters, result }: Emitted): number[] {
    const types = (list: readonly Type[]) =>
      vector(list.map((type) => [this.#typeCode(type)]));
    return [
      0x60,
      ...types(parameters),
      ...types(result === undefined ? [] : [result]),
    ];
  }

  #functionBody(body: Body): number[] {
    const locals = body.types.map((type) => [1, this.#typeCode(type)]);
    return sized(vector(locals).concat(body.bytes, 0x0b));
  }

  #memoryImport(): number[] {
    const { wide, pages } = this.#target;
    const size = unsigned(pages);
    const limits = [wide ? 0x07 : 0x03, ...size, ...size];
    return [...name("host"), ...name("memory"), 0x02, ...limits];
  }

  #typeCode(type: Type): number {
    if (type === "ptr") return this.#target.wide ? 0x7e : 0x7f;
    return { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b }[type];
  }
}
