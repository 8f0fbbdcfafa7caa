import { DbksvdError } from "../../errors.ts";
import { PAGE_BYTES } from "../../wasm/emit.ts";
import { sharedMemory } from "../../wasm/memory.ts";
import { bindKernels, compileKernels } from "../../wasm/module.ts";
import { PANEL_COLUMNS, PANEL_ROWS } from "../../wasm/kernels/product.ts";
import { openBlas } from "./blas.ts";

/** A product of two panels of each kind. */
const ROWS = 2 * PANEL_ROWS, COLUMNS = 2 * PANEL_COLUMNS, DEPTH = 20;

/** Float32 sums of twenty products in another order are nearer than this. */
const OFF = 1e-4;

/**
 * Holds a library's product to our own before any work is given to it.
 *
 * @param library as the user named it
 * @throws {DbksvdError} `device` where it gives another result; what `openBlas` throws
 */
export function checkBlas(library: string): void {
  const memory = sharedMemory(PAGE_BYTES);
  const blas = openBlas(library, memory);
  const kernels = bindKernels(compileKernels(memory), memory);
  let next = 0;
  const room = (floats: number) => {
    const at = next;
    next += 64 * Math.ceil(floats / 16);
    return { at, floats: new Float32Array(memory.buffer, at, floats) };
  };
  const a = room(ROWS * DEPTH), b = room(COLUMNS * DEPTH);
  const aPanels = room(ROWS * DEPTH), bPanels = room(COLUMNS * DEPTH);
  const own = room(ROWS * COLUMNS), theirs = room(ROWS * COLUMNS);
  for (const { floats } of [a, b]) {
    floats.forEach((_, i) => floats[i] = Math.sin(1 + i * i));
  }
  const bytes = 4 * DEPTH;
  kernels.packRows(a.at, aPanels.at, bytes, ROWS / PANEL_ROWS, DEPTH);
  kernels.packColumns(b.at, bPanels.at, bytes, COLUMNS / PANEL_COLUMNS, DEPTH);
  kernels.product(
    aPanels.at,
    bPanels.at,
    own.at,
    ROWS / PANEL_ROWS,
    COLUMNS / PANEL_COLUMNS,
    DEPTH,
    4 * COLUMNS,
    1,
  );
  blas.multiply({
    rows: ROWS,
    columns: COLUMNS,
    depth: DEPTH,
    a: a.at,
    aStride: DEPTH,
    b: b.at,
    bStride: DEPTH,
    c: theirs.at,
    cStride: COLUMNS,
  });
  const off = own.floats.some((value, i) =>
    !(Math.abs(value - theirs.floats[i]) < OFF)
  );
  if (!off) return;
  throw new DbksvdError("device", `${blas.name} gives wrong products`, {
    mend: "leave --blas out, or name another library",
  });
}
