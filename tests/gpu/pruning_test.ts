import assert from "node:assert/strict";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { CoderOptions, Codes, Engine } from "../../src/engine/engine.ts";
import {
  createGpuEngine,
  type GpuEngineOptions,
} from "../../src/engine/gpu/gpu.ts";
import { randomStream } from "../../src/random.ts";
import { assertCodesAgree, assertSupportsAgree } from "./agreement.ts";
import {
  type PlantedOptions,
  type PlantedProblem,
  plantedProblem,
} from "./planted.ts";

interface Case {
  name: string;
  problem?: PlantedOptions;
  options?: GpuEngineOptions;
}

const CASES: Case[] = [
  { name: "odd sizes" },
  { name: "no subgroups", options: { subgroups: false } },
  { name: "one nonzero", problem: { sparsity: 1 } },
  { name: "a tolerance", problem: { coder: { tolerance: 0.5 } } },
  {
    name: "non-negative codes",
    problem: { sparsity: 9, coder: { nonnegative: true } },
  },
  {
    name: "groups",
    problem: { groups: [10, 13, 30], sparsity: 7, coder: { tolerance: 0.2 } },
  },
  {
    name: "more candidates than can be compared, all alike",
    problem: { width: 5, atoms: 700, rowCount: 150, sparsity: 4 },
  },
  {
    name: "non-negative codes, more candidates than can be compared",
    problem: {
      width: 6,
      atoms: 500,
      rowCount: 100,
      sparsity: 5,
      coder: { nonnegative: true },
    },
    options: { subgroups: false },
  },
  {
    name: "as many nonzeros as atoms",
    problem: { width: 40, atoms: 15, sparsity: 15, rowCount: 90 },
  },
  {
    name: "more nonzeros than a word has bits",
    problem: { width: 80, atoms: 90, rowCount: 150, sparsity: 40 },
  },
  {
    name: "correlations in scratch memory",
    problem: { width: 24, atoms: 301, rowCount: 900, sparsity: 6 },
    options: { tuning: { pursuitElements: 0, scratchWorkers: 16 } },
  },
  {
    name: "factors in scratch memory",
    problem: { sparsity: 12 },
    options: { limits: { workgroupMemory: 1700 } },
  },
  {
    name: "a Gram over several bindings",
    problem: { width: 24, atoms: 701, rowCount: 90, sparsity: 5 },
    options: { limits: { binding: 2 ** 19 } },
  },
];

async function codesOf(
  engine: Engine,
  problem: PlantedProblem,
): Promise<Codes> {
  await engine.loadDictionary(problem.dictionary);
  const codes = await engine.encode(problem);
  await engine.close();
  return codes;
}

for (const search of ["floats", "verified"] as const) {
  for (const { name, problem: changes, options } of CASES) {
    Deno.test(`OMP that leaves Gram rows unread (${search}) agrees with the CPU engine: ${name}`, async () => {
      const problem = plantedProblem(changes);
      const tuning = { ...options?.tuning, search, pruned: true };
      assertCodesAgree(
        await codesOf(
          await createGpuEngine(problem.spec, { ...options, tuning }),
          problem,
        ),
        await codesOf(await createReferenceEngine(problem.spec), problem),
      );
    });
  }
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

Deno.test("OMP that leaves Gram rows unread agrees with the CPU engine at random sizes", async () => {
  const random = randomStream(11, "pruning");
  for (let i = 0; i < 12; i++) {
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
    assertCodesAgree(
      await codesOf(await createGpuEngine(problem.spec, options), problem),
      await codesOf(await createReferenceEngine(problem.spec), problem),
    );
  }
});

Deno.test("OMP leaves Gram rows unread and chooses what it chooses reading all", async () => {
  const problem = plantedProblem({
    width: 64,
    atoms: 900,
    rowCount: 400,
    sparsity: 16,
  });
  const [all, some] = await Promise.all(
    [false, true].map(async (pruned) =>
      codesOf(
        await createGpuEngine(problem.spec, { tuning: { pruned } }),
        problem,
      )
    ),
  );
  assert.equal(assertSupportsAgree(some, all).length, problem.rows);
});
