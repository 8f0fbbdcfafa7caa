// Reads one word of every cache line of a row of the Gram, before the row is gone through: a Gram that no L2 holds
// comes from afar, and misses that wait for nothing but memory are under way together. Part of omp.ts and mp.ts.
import type { Body, Module } from "../emit.ts";
import { type I32, i32, type Local, type Ptr } from "../instructions.ts";
import { BLOCK_BYTES } from "./search.ts";

/** Bytes of a cache line. */
const LINE = 64;

/** Bytes of a row of the least Gram, 16 MiB, that is worth it. */
const LONG_ROW = 8192;

/**
 * Touches a row, and ends the pursuit where all that it read is 0, which no atom's row is: loads whose values nobody
 * needs would be left out.
 *
 * @param m the module
 * @param f the function's body
 * @param row where the row begins
 * @param bytes its length, whole blocks
 * @param diagonal where in it the atom's own ‖d‖² is
 * @param end what the function returns where it is 0
 */
export function touchRow(
  m: Module,
  f: Body,
  row: Local<"ptr">,
  bytes: I32,
  diagonal: Ptr,
  end: I32,
): void {
  const { ptr } = m, at = f.local("i32"), here = f.local("ptr");
  const read = f.local("i32");
  f.if(i32.ge(bytes, i32.const(LONG_ROW)), () => {
    f.set(read, i32.load(diagonal));
    f.for(at, i32.const(0), bytes, BLOCK_BYTES, () => {
      f.set(here, ptr.add(row, ptr.of(at)));
      for (let line = 0; line < BLOCK_BYTES; line += LINE) {
        f.set(read, i32.or(read, i32.load(here, line)));
      }
    });
    f.if(i32.not(read), () => f.return(end));
  });
}
