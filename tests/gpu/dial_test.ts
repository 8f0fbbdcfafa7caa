import type { CoderOptions } from "../../src/engine/engine.ts";
import type { GpuEngineOptions } from "../../src/engine/gpu/gpu.ts";
import { randomStream } from "../../src/random.ts";
import { assertEnginesAgree } from "./agreement.ts";
import { type PlantedOptions, plantedProblem } from "./planted.ts";

const ATOMS = 157;

/** Factors that differ from atom to atom, as a caller of the engine may give them. */
const WEIGHTS = new Float32Array(ATOMS)
  .map(randomStream(8, "weights").uniform).map((u) => 0.4 + 0.6 * u);

const DIALS: Record<string, Partial<CoderOptions>> = {
  "selection ridge": { selectionRidge: 0.3 },
  "weights": { weights: WEIGHTS },
  "positive candidates": { candidates: "positive" },
  "all of it": {
    selectionRidge: 1,
    weights: WEIGHTS,
    candidates: "positive",
    tolerance: 0.2,
  },
};

/** The kernels that can make the choice. */
const WAYS: Record<string, GpuEngineOptions> = {
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

for (const [way, options] of Object.entries(WAYS)) {
  for (const [dial, coder] of Object.entries(DIALS)) {
    if (dial !== "all of it" && way === "through scratch memory") continue;
    Deno.test(`the GPU engine chooses as the CPU engine does: ${dial}, ${way}`, async () => {
      const problem: PlantedOptions = { atoms: ATOMS, rowCount: 203, coder };
      await assertEnginesAgree(plantedProblem(problem), options);
    });
  }
}

Deno.test("the GPU engine chooses as the CPU engine does: all of it, refined groups", async () => {
  const problem = plantedProblem({
    atoms: ATOMS,
    rowCount: 203,
    groups: [40, 50, 67],
    sparsity: 7,
    coder: { ...DIALS["all of it"], groupSparsity: [1, 4, 2], refine: 2 },
  });
  await assertEnginesAgree(problem, {
    tuning: { search: "verified", pruned: true },
  });
});
