import { bindKernels, compileKernels } from "../../wasm/module.ts";
import { Module, PAGE_BYTES } from "../../wasm/emit.ts";
import { i32, v128 } from "../../wasm/instructions.ts";
import { sharedMemory } from "../../wasm/memory.ts";
import { PANEL_COLUMNS, PANEL_ROWS } from "../../wasm/kernels/product.ts";

/** Sums that do not wait for each other: as many as the product's tile has. */
const SUMS = 12;

/** Multiply-adds of each sum in a turn. */
const UNROLLED = 4;

/** Sizes of the product that is measured: a coding task's, one run of values. */
const ROWS = 96, COLUMNS = 2048, DEPTH = 256;

/** What one thread can do. */
export interface CorePeak {
  /** Multiply-adds on four floats, nothing else, in GFLOP/s. */
  peakGflops: number;
  /** The engine's product from memory, in GFLOP/s. */
  productGflops: number;
}

/** Measures one thread: the best of several short runs of each, by turns. */
export function measureCore(): CorePeak {
  const turns = 20000, flops = turns * SUMS * UNROLLED * 8;
  const peak = peakKernel();
  const product = productRun();
  let best = { peakGflops: 0, productGflops: 0 };
  for (let run = 0; run < 60; run++) {
    best = {
      peakGflops: Math.max(best.peakGflops, rate(flops, () => peak(turns, 0))),
      productGflops: Math.max(
        best.productGflops,
        rate(2 * ROWS * COLUMNS * DEPTH, product),
      ),
    };
  }
  return best;
}

// GFLOP/s of one call.
function rate(flops: number, call: () => void): number {
  const start = performance.now();
  call();
  return flops / (performance.now() - start) / 1e6;
}

function peakKernel(): (turns: number, at: number) => void {
  const memory = sharedMemory(SUMS * 16);
  const pages = memory.buffer.byteLength / PAGE_BYTES;
  const m = new Module({ relaxed: true, wide: false, pages });
  m.function("peak", { turns: "i32", at: "ptr" }, (f, p) => {
    const sums = f.locals("v128", SUMS), x = f.let(v128.load(p.at));
    const turn = f.local("i32");
    f.for(turn, i32.const(0), p.turns, 1, () => {
      for (let u = 0; u < UNROLLED; u++) {
        for (const sum of sums) f.set(sum, m.fma.madd(x, x, sum));
      }
    });
    sums.forEach((sum, i) => f.store(p.at, sum, 16 * i));
  });
  const module = new WebAssembly.Module(m.bytes());
  const { exports } = new WebAssembly.Instance(module, { host: { memory } });
  return exports.peak as (turns: number, at: number) => void;
}

function productRun(): () => void {
  const a = 0, b = a + 4 * ROWS * DEPTH, c = b + 4 * COLUMNS * DEPTH;
  const memory = sharedMemory(c + 4 * ROWS * COLUMNS);
  new Float32Array(memory.buffer).fill(0.5);
  const kernels = bindKernels(compileKernels(memory), memory);
  return () =>
    void kernels.product(
      a,
      b,
      c,
      ROWS / PANEL_ROWS,
      COLUMNS / PANEL_COLUMNS,
      DEPTH,
      4 * COLUMNS,
      1,
    );
}
