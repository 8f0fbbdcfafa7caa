import { assertEnginesAgree } from "./agreement.ts";
import { ATOMS, DIALS } from "./dials.ts";
import { plantedProblem } from "./planted.ts";

// Each rule by each kernel: tests/slow/gpu.
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
