// Choices by other rules than OMP's own, and the kernels that make them.
import type { CoderOptions } from "../../src/engine/engine.ts";
import type { GpuEngineOptions } from "../../src/engine/gpu/gpu.ts";
import { randomStream } from "../../src/random.ts";
import { assertEnginesAgree } from "./agreement.ts";
import { type PlantedOptions, plantedProblem } from "./planted.ts";

/** Atoms of the problem. */
export const ATOMS = 157;

/** Factors that differ from atom to atom, as a caller of the engine may give them. */
const WEIGHTS = new Float32Array(ATOMS)
  .map(randomStream(8, "weights").uniform).map((u) => 0.4 + 0.6 * u);

/** Rules of the choice. */
export const DIALS: Record<string, Partial<CoderOptions>> = {
  "selection ridge": { selectionRidge: 0.3 },
  "weights": { weights: WEIGHTS },
  "positive candidates": { candidates: "positive" },
  "threshold": { threshold: 0.35 },
  "all of it": {
    selectionRidge: 1,
    weights: WEIGHTS,
    candidates: "positive",
    tolerance: 0.2,
    threshold: 0.1,
  },
};

/** The kernels that can make the choice. */
export const WAYS: Record<string, GpuEngineOptions> = {
  "every Gram row read": { tuning: { search: "floats", pruned: false } },
  "Gram rows left unread": { tuning: { search: "floats", pruned: true } },
  "in halves, verified": { tuning: { search: "verified", pruned: true } },
  "through scratch memory": {
    subgroups: false,
    tuning: { search: "verified", pruned: false, pursuitElements: 0 },
  },
  "by products": {
    tuning: { search: "floats", rates: { flops: Infinity, cacheBytes: 1 } },
  },
};

/** Asserts that a way of the GPU engine chooses by a rule as the reference engine does. */
export async function assertChoosesAlike(
  way: string,
  dial: string,
): Promise<void> {
  const problem: PlantedOptions = {
    atoms: ATOMS,
    rowCount: 203,
    coder: DIALS[dial],
  };
  await assertEnginesAgree(plantedProblem(problem), WAYS[way]);
}
