import { tuningFor } from "../../../src/engine/gpu/tuning.ts";
import { assertEnginesAgree } from "../../gpu/agreement.ts";
import { plantedProblem } from "../../gpu/planted.ts";

// What real cards run, on whatever adapter there is: the limits every driver in use offers.
const LIMITS = {
  binding: 2 ** 27,
  workgroupMemory: 32768,
  workgroupSize: 1024,
  storageBuffers: 32,
  memory: 4e9,
};

for (const name of ["NVIDIA H100", "some other card"]) {
  for (const method of ["omp", "mp"] as const) {
    Deno.test(`the GPU engine tuned for ${name} agrees with the CPU engine by ${method}`, async () => {
      const card = { name, vendor: "", architecture: "", software: false };
      const tuning = tuningFor(card, LIMITS);
      const problem = plantedProblem({
        atoms: 700,
        width: 53,
        coder: { method },
      });
      await assertEnginesAgree(problem, { tuning }, { ridge: 0.5 });
    });
  }
}
