import type { EngineSpec } from "../engine/engine.ts";
import type { BenchSize } from "./size.ts";

/** The engine that a benchmark's problem asks for. */
export function specOf(
  { n, m, k, rows }: BenchSize,
  method: "mp" | "omp",
  gram: "f32" | "f16",
  refine = 0,
): EngineSpec {
  return {
    width: n,
    atoms: m,
    groups: [m],
    coder: {
      method,
      sparsity: k,
      nonnegative: false,
      tolerance: 0,
      refit: false,
      refine: method === "omp" ? refine : 0,
    },
    normalisation: { mean: new Float32Array(n), scale: 1 },
    sampleBatch: rows,
    powerSteps: 1,
    exact: false,
    gram,
    rows: "f32",
  };
}
