import type { GpuEngineOptions } from "../../../src/engine/gpu/gpu.ts";
import { type PlantedOptions, plantedProblem } from "../../gpu/planted.ts";
import { assertCodesAlike, assertRandomCodesAlike } from "../../gpu/pruned.ts";

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

for (const search of ["floats", "verified"] as const) {
  for (const { name, problem: changes, options } of CASES) {
    Deno.test(`OMP that leaves Gram rows unread (${search}) agrees with the CPU engine: ${name}`, async () => {
      const problem = plantedProblem(changes);
      const tuning = { ...options?.tuning, search, pruned: true };
      await assertCodesAlike(problem, { ...options, tuning });
    });
  }
}

Deno.test("OMP that leaves Gram rows unread agrees with the CPU engine at random sizes", () =>
  assertRandomCodesAlike(12));
