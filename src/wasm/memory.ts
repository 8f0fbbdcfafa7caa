import { MOST_PAGES, PAGE_BYTES } from "./emit.ts";

/** Sizes up to this many pages are powers of two, larger ones multiples of it: 256 MiB. */
const COARSE_PAGES = 4096;

/**
 * A shared memory for so many bytes, with addresses of 64 bits beyond 4 GiB. Its size is one of few, since kernels are
 * compiled for a size; what is never touched takes no room.
 *
 * @throws {RangeError} where it cannot be had
 */
export function sharedMemory(bytes: number): WebAssembly.Memory {
  const pages = sizeFor(Math.ceil(bytes / PAGE_BYTES));
  const limits = isWide(pages)
    ? { initial: BigInt(pages), maximum: BigInt(pages), address: "i64" }
    : { initial: pages, maximum: pages };
  return new WebAssembly.Memory(
    { ...limits, shared: true } as unknown as WebAssembly.MemoryDescriptor,
  );
}

/** Whether addresses in a memory of so many pages need more than 32 bits. */
export function isWide(pages: number): boolean {
  return pages > MOST_PAGES.narrow;
}

function sizeFor(pages: number): number {
  return pages > COARSE_PAGES
    ? COARSE_PAGES * Math.ceil(pages / COARSE_PAGES)
    : 2 ** Math.ceil(Math.log2(Math.max(1, pages)));
}
