import { PAGE_BYTES } from "../wasm/emit.ts";
import { emitTerms, termsName } from "../wasm/kernels/terms.ts";
import { sharedMemory } from "../wasm/memory.ts";
import { kernelsLacking } from "../wasm/module.ts";
import type { Summable } from "./communicator.ts";
import { addTerms } from "./halves.ts";

type Kernels = Record<
  typeof termsName[keyof typeof termsName],
  (terms: number, sums: number, stride: number, count: number) => void
>;

/** Terms of all ranks on their way to a sum, and room for the sum. */
export interface Terms<T extends Summable> {
  /** Where to put them: those of each rank, `stride` elements after those of the one before. */
  terms: T;
  stride: number;
  /** Adds them up as {@linkcode addTerms} does. */
  add(): T;
}

/**
 * Adds up terms in memory that stays: fresh memory takes longer to be had than terms to be added. By a kernel where
 * there are vector instructions, to the bits of {@linkcode addTerms}.
 */
export class TermsAdder {
  readonly #ranks: number;
  #memory: WebAssembly.Memory | undefined;
  #kernels: Kernels | undefined;

  /** @param ranks how many */
  constructor(ranks: number) {
    this.#ranks = ranks;
  }

  /**
   * Room for terms, which is taken anew by the next call.
   *
   * @param length elements that each rank gives
   * @param Kind their type
   */
  room<T extends Summable>(
    length: number,
    Kind: new (buffer: ArrayBufferLike, at: number, length: number) => T,
  ): Terms<T> {
    const ranks = this.#ranks, stride = length + length % 2;
    const width =
      (Kind as unknown as Float64ArrayConstructor).BYTES_PER_ELEMENT;
    const { buffer } = this.#memoryFor(width * stride * (ranks + 1));
    const terms = new Kind(buffer, 0, ranks * stride);
    const at = width * ranks * stride, sums = new Kind(buffer, at, length);
    const name = termsName[width === 4 ? "f32" : "f64"];
    return {
      terms,
      stride,
      add: () => {
        const kernel = this.#kernels?.[name];
        if (kernel !== undefined) kernel(0, at, width * stride, length);
        else sums.set(addTerms(terms, ranks).subarray(0, length));
        return sums;
      },
    };
  }

  #memoryFor(bytes: number): WebAssembly.Memory {
    const memory = this.#memory;
    if (memory !== undefined && memory.buffer.byteLength >= bytes) {
      return memory;
    }
    const larger = sharedMemory(Math.max(1, bytes));
    this.#kernels = kernelsLacking() === undefined
      ? kernelsOn(larger, this.#ranks)
      : undefined;
    return this.#memory = larger;
  }
}

function kernelsOn(memory: WebAssembly.Memory, ranks: number): Kernels {
  const pages = memory.buffer.byteLength / PAGE_BYTES;
  const target = { relaxed: false, wide: false, pages };
  const module = new WebAssembly.Module(emitTerms(target, ranks).bytes());
  const { exports } = new WebAssembly.Instance(module, { host: { memory } });
  return exports as unknown as Kernels;
}
