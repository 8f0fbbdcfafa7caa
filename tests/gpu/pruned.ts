// OMP that leaves Gram rows unread, beside the reference engine.
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { CoderOptions, Codes, Engine } from "../../src/engine/engine.ts";
import {
  createGpuEngine,
  type GpuEngineOptions,
} from "../../src/engine/gpu/gpu.ts";
import { randomStream } from "../../src/random.ts";
import { assertCodesAgree } from "./agreement.ts";
import { type PlantedProblem, plantedProblem } from "./planted.ts";

/** Codes of a problem's rows by an engine, which is closed. */
export async function codesOf(
  engine: Engine,
  problem: PlantedProblem,
): Promise<Codes> {
  await engine.loadDictionary(problem.dictionary);
  const codes = await engine.encode(problem);
  await engine.close();
  return codes;
}

/** Asserts that the codes of the GPU engine are the reference engine's. */
export async function assertCodesAlike(
  problem: PlantedProblem,
  options: GpuEngineOptions,
): Promise<void> {
  assertCodesAgree(
    await codesOf(await createGpuEngine(problem.spec, options), problem),
    await codesOf(await createReferenceEngine(problem.spec), problem),
  );
}

// Now and then a choice by other rules than OMP's own.
function drawDial(
  { uniform }: ReturnType<typeof randomStream>,
  atoms: number,
): Partial<CoderOptions> {
  return {
    ...(uniform() < 0.3 ? { selectionRidge: 2 * uniform() } : {}),
    ...(uniform() < 0.3
      ? { weights: new Float32Array(atoms).map(() => 1 - 0.9 * uniform()) }
      : {}),
    ...(uniform() < 0.3 ? { candidates: "positive" } : {}),
  };
}

/** Asserts it for as many problems of random sizes. */
export async function assertRandomCodesAlike(count: number): Promise<void> {
  const random = randomStream(11, "pruning");
  for (let i = 0; i < count; i++) {
    const width = 2 + random.integer(60), atoms = 2 + random.integer(400);
    const problem = plantedProblem({
      width,
      atoms,
      rowCount: 1 + random.integer(150),
      sparsity: 1 + random.integer(Math.min(width, atoms, 12)),
      coder: {
        nonnegative: random.uniform() < 0.3,
        tolerance: random.uniform() < 0.3 ? 0.6 * random.uniform() : 0,
        ...drawDial(random, atoms),
      },
    });
    const options: GpuEngineOptions = {
      subgroups: random.uniform() < 0.7,
      tuning: {
        pruned: true,
        search: random.uniform() < 0.5 ? "floats" : "verified",
        ...(random.uniform() < 0.3 ? { pursuitElements: 0 } : {}),
      },
    };
    await assertCodesAlike(problem, options);
  }
}
