// Products of arrays by the engine's kernels, on one thread: for work that has no engine.
import { multiplyTransposed } from "./reference/products.ts";
import { sharedMemory } from "../wasm/memory.ts";
import {
  depthRuns,
  PANEL_COLUMNS,
  PANEL_ROWS,
} from "../wasm/kernels/product.ts";
import {
  bindKernels,
  compileKernels,
  type Kernels,
  kernelsLacking,
} from "../wasm/module.ts";

/** Rows of A at a time. */
const CHUNK_ROWS = 96;

/** A memory that products of one size work in; kept for the next one, since they come in thousands. */
interface Room {
  bytes: number;
  buffer: ArrayBufferLike;
  kernels: Kernels;
}

/** Its addresses have 32 bits. */
const MOST_BYTES = 2 ** 32;

let room: Room | undefined;

/**
 * C = A·Bᵀ for row-major A (rows × n) and B (columns × n), in float32: the product of the CPU engine's kernels. A
 * result does not depend on how many rows come with its own. Systems that have no kernels take the plain product.
 *
 * @param a rows × n
 * @param rows of A
 * @param b columns × n
 * @param columns rows of B
 * @param n values of a row
 * @param c takes rows × columns
 */
export function multiplyFast(
  a: Float32Array,
  rows: number,
  b: Float32Array,
  columns: number,
  n: number,
  c: Float32Array,
): void {
  const padded = 4 * Math.ceil(n / 4), row = 4 * padded;
  const wide = PANEL_COLUMNS * Math.ceil(columns / PANEL_COLUMNS);
  const sizes = {
    a: CHUNK_ROWS * row,
    aPanels: CHUNK_ROWS * row,
    b: wide * row,
    bPanels: wide * row,
    c: CHUNK_ROWS * 4 * wide,
  };
  const bytes = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const work = roomFor(bytes);
  if (work === undefined) return multiplyTransposed(a, rows, b, columns, n, c);
  const { kernels, buffer } = work;
  const at = placesOf(sizes);
  put(buffer, at.b, b, columns, n, padded);
  const runs = depthRuns(padded), panels = wide / PANEL_COLUMNS;
  for (const { from, depth } of runs) {
    const to = at.bPanels + 4 * wide * from;
    kernels.packColumns(at.b + 4 * from, to, row, panels, depth);
  }
  for (let first = 0; first < rows; first += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows - first);
    const part = a.subarray(first * n, (first + count) * n);
    put(buffer, at.a, part, count, n, padded);
    const aPanels = Math.ceil(count / PANEL_ROWS);
    for (const { from, depth } of runs) {
      kernels.packRows(at.a + 4 * from, at.aPanels, row, aPanels, depth);
      kernels.product(
        at.aPanels,
        at.bPanels + 4 * wide * from,
        at.c,
        aPanels,
        panels,
        depth,
        4 * wide,
        from === 0 ? 1 : 0,
      );
    }
    for (let i = 0; i < count; i++) {
      const line = new Float32Array(buffer, at.c + 4 * wide * i, columns);
      c.set(line, (first + i) * columns);
    }
  }
}

type Places = "a" | "aPanels" | "b" | "bPanels" | "c";

function placesOf(sizes: Record<Places, number>): Record<Places, number> {
  let next = 0;
  const places = Object.entries(sizes).map(([name, size]) => {
    const at = next;
    next += size;
    return [name, at];
  });
  return Object.fromEntries(places);
}

// Undefined where there are no kernels, or the memory cannot be had.
function roomFor(bytes: number): Room | undefined {
  if (room !== undefined && room.bytes >= bytes) return room;
  if (bytes > MOST_BYTES || kernelsLacking() !== undefined) return undefined;
  const memory = sharedMemory(bytes), { buffer } = memory;
  const kernels = bindKernels(compileKernels(memory), memory);
  return room = { bytes: buffer.byteLength, buffer, kernels };
}

function put(
  buffer: ArrayBufferLike,
  at: number,
  values: Float32Array,
  rows: number,
  width: number,
  padded: number,
): void {
  const to = new Float32Array(buffer, at, rows * padded);
  if (padded === width) return to.set(values.subarray(0, rows * width));
  to.fill(0);
  for (let i = 0; i < rows; i++) {
    to.set(values.subarray(i * width, (i + 1) * width), i * padded);
  }
}
