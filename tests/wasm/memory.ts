import {
  bindKernels,
  emitKernels,
  type Kernels,
} from "../../src/wasm/module.ts";
import type { Target } from "../../src/wasm/emit.ts";

/** Enough for most. */
const PAGES = 64;

/** What kernels are emitted for. */
const TARGETS: Record<string, Omit<Target, "pages">> = {
  "relaxed": { relaxed: true, wide: false },
  "plain": { relaxed: false, wide: false },
  "64-bit": { relaxed: true, wide: true },
};

/**
 * Kernels on a memory whose every float is a NaN until it is written: what a kernel reads by mistake spoils its
 * result.
 */
export class TestMemory {
  readonly kernels: Kernels;
  readonly #buffer: ArrayBufferLike;
  #next = 64;

  constructor(target: Omit<Target, "pages">, pages = PAGES) {
    const { wide } = target;
    const count = wide ? BigInt(pages) : pages;
    const memory = new WebAssembly.Memory(
      {
        initial: count,
        maximum: count,
        shared: true,
        ...(wide ? { address: "i64" } : {}),
      } as unknown as WebAssembly.MemoryDescriptor,
    );
    this.#buffer = memory.buffer;
    new Uint8Array(this.#buffer).fill(0xff);
    const emitted = emitKernels({ ...target, pages });
    const module = new WebAssembly.Module(emitted.bytes());
    const addressed = wide ? emitted.addressed() : undefined;
    this.kernels = bindKernels({ module, wide: addressed }, memory);
  }

  /** The address of a copy of some values, with NaNs on both sides. */
  put(values: ArrayLike<number>, kind: "f32" | "u32" = "f32"): number {
    const at = this.room(values.length);
    if (kind === "f32") this.floats(at, values.length).set(values);
    else this.words(at, values.length).set(values);
    return at;
  }

  /** The address of room for so many floats, all of them NaNs. */
  room(count: number): number {
    const at = this.#next;
    this.#next = Math.ceil((at + 4 * count) / 64) * 64 + 64;
    return at;
  }

  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#buffer, at, count);
  }

  doubles(at: number, count: number): Float64Array {
    return new Float64Array(this.#buffer, at, count);
  }

  words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.#buffer, at, count);
  }
}

/** Registers a test of kernels for each target, on a memory of its own. */
export function testKernels(
  what: string,
  body: (memory: TestMemory) => void,
  pages = PAGES,
): void {
  for (const [name, target] of Object.entries(TARGETS)) {
    Deno.test(
      `${name} kernels: ${what}`,
      () => body(new TestMemory(target, pages)),
    );
  }
}
