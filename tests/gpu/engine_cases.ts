import { assertEnginesAgree } from "./agreement.ts";
import { type PlantedOptions, plantedProblem } from "./planted.ts";
import type { GpuEngineOptions } from "../../src/engine/gpu/gpu.ts";
import { TUNINGS } from "../../src/engine/gpu/tuning.ts";
import type { IterationStep } from "../../src/engine/engine.ts";

interface Case {
  name: string;
  problem?: PlantedOptions;
  options?: GpuEngineOptions;
  step?: Partial<IterationStep>;
}

const LOW_MEMORY = { limits: { workgroupMemory: 1200 } };
const SMALL_BINDINGS = { limits: { binding: 16384 } };
const VERIFIED: GpuEngineOptions = { tuning: { search: "verified" } };
const PRODUCTS: GpuEngineOptions = {
  tuning: { rates: { flops: Infinity, cacheBytes: 1 } },
};
// What a card is given, but for the loops that the software driver cuts off.
const { loopBudget } = TUNINGS.software;
const AS_ON_NVIDIA: GpuEngineOptions = {
  tuning: { ...TUNINGS.nvidia, loopBudget },
};
const AS_ON_OTHERS: GpuEngineOptions = {
  tuning: { ...TUNINGS.other, loopBudget },
};
const TILES: GpuEngineOptions = { tuning: { denseUses: 0.1 } };
const SMALL_WORKGROUPS = { limits: { workgroupSize: 32 } };

/** Problems of all kinds, and what of the device is cut or forced. */
export const CASES: Case[] = [
  { name: "OMP" },
  { name: "OMP without subgroups", options: { subgroups: false } },
  { name: "OMP with ridge", step: { ridge: 1 } },
  {
    name: "OMP with ridge and soft threshold",
    step: { ridge: 1, shrink: 0.2 },
  },
  { name: "OMP with tolerance", problem: { coder: { tolerance: 0.5 } } },
  {
    name: "OMP, non-negative",
    problem: { coder: { nonnegative: true } },
    step: { ridge: 0.5, shrink: 0.2 },
  },
  { name: "MP", problem: { coder: { method: "mp" } } },
  {
    name: "MP without subgroups",
    problem: { coder: { method: "mp" } },
    options: { subgroups: false },
  },
  {
    name: "MP, non-negative",
    problem: { coder: { method: "mp", nonnegative: true } },
  },
  {
    name: "MP with refit and tolerance",
    problem: { coder: { method: "mp", refit: true, tolerance: 0.3 } },
  },
  {
    name: "MP, non-negative with refit and ridge",
    problem: { coder: { method: "mp", refit: true, nonnegative: true } },
    step: { ridge: 1 },
  },
  {
    name: "Matryoshka groups of odd sizes",
    problem: { groups: [10, 13, 30], sparsity: 7 },
    step: { ridge: 0.5 },
  },
  {
    name: "replacement by worst rows",
    step: { replace: Uint32Array.of(3, 40, 21) },
  },
  {
    name: "fewer nonzeros in one iteration than the spec allows",
    problem: { groups: [10, 13, 30], sparsity: 7 },
    step: { sparsity: 4 },
  },
  {
    name: "memory of earlier batches",
    problem: { powerSteps: 2 },
    step: { memory: 0.7, replace: Uint32Array.of(3, 40) },
  },
  {
    name: "exact mode with memory",
    problem: { exact: true, width: 20, atoms: 30, sparsity: 3, rowCount: 200 },
    step: { memory: 0.5 },
  },
  { name: "OMP searching halves, verified", options: VERIFIED },
  {
    name: "non-negative OMP searching halves, verified, without subgroups",
    problem: { coder: { nonnegative: true } },
    options: { ...VERIFIED, subgroups: false },
  },
  {
    name: "MP searching halves, verified",
    problem: { coder: { method: "mp" } },
    options: VERIFIED,
  },
  {
    name: "groups searching halves, verified, with tolerance and ridge",
    problem: {
      groups: [10, 13, 30],
      sparsity: 7,
      coder: { tolerance: 0.2 },
    },
    options: VERIFIED,
    step: { ridge: 1 },
  },
  {
    name: "halves in scratch memory, over several bindings",
    problem: { width: 24, atoms: 2101, rowCount: 90, sparsity: 4 },
    options: {
      ...VERIFIED,
      limits: { workgroupSize: 32, binding: 2 ** 22 },
    },
  },
  {
    name: "MP, halves in scratch memory",
    problem: {
      width: 24,
      atoms: 2101,
      rowCount: 90,
      sparsity: 4,
      coder: { method: "mp" },
    },
    options: { ...VERIFIED, limits: { workgroupSize: 32 } },
  },
  { name: "OMP, refined", problem: { coder: { refine: 3 } } },
  {
    name: "OMP, refined, without subgroups, with ridge and soft threshold",
    problem: { coder: { refine: 2 } },
    options: { subgroups: false },
    step: { ridge: 1, shrink: 0.2 },
  },
  {
    name: "OMP, refined and non-negative, with ridge",
    problem: { coder: { refine: 2, nonnegative: true } },
    step: { ridge: 0.5, shrink: 0.2 },
  },
  {
    name: "refined groups, over several bindings, fewer nonzeros",
    problem: { groups: [10, 13, 30], sparsity: 7, coder: { refine: 2 } },
    options: SMALL_BINDINGS,
    step: { sparsity: 4 },
  },
  {
    name: "OMP, refined with its inverse in scratch memory",
    problem: { sparsity: 12, coder: { refine: 2 } },
    options: LOW_MEMORY,
  },
  {
    name: "OMP by halves, refined, many atoms in small workgroups",
    problem: {
      width: 16,
      atoms: 2101,
      rowCount: 40,
      sparsity: 4,
      coder: { refine: 2 },
    },
    options: { ...VERIFIED, limits: { workgroupSize: 32 } },
  },
  {
    name: "OMP, refined from a Gram where products would be faster",
    problem: { coder: { refine: 1, tolerance: 0.4 } },
    options: PRODUCTS,
  },
  { name: "OMP by products", options: PRODUCTS },
  {
    name: "OMP by products with ridge, without subgroups",
    options: { ...PRODUCTS, subgroups: false },
    step: { ridge: 1 },
  },
  {
    name: "non-negative OMP by products",
    problem: { coder: { nonnegative: true, tolerance: 0.3 } },
    options: PRODUCTS,
  },
  {
    name: "groups by products, a few rows at a time",
    problem: { groups: [10, 13, 30], sparsity: 7 },
    options: { ...PRODUCTS, limits: { binding: 16384 } },
    step: { sparsity: 5 },
  },
  {
    name: "MP by products, where no Gram fits",
    problem: { width: 24, atoms: 1100, sparsity: 4, coder: { method: "mp" } },
    options: { limits: { memory: 3e6 } },
  },
  {
    name: "OMP by products, where no Gram fits",
    problem: { width: 24, atoms: 1100, sparsity: 4 },
    options: { limits: { memory: 3e6 } },
  },
  {
    name: "many rows a worker",
    problem: { width: 24, atoms: 70, rowCount: 900, sparsity: 6 },
    options: { tuning: { pursuitElements: 0, scratchWorkers: 1 } },
  },
  { name: "one atom a batch", step: { atomBatch: 1 } },
  { name: "all atoms in one batch", step: { atomBatch: 53 } },
  {
    name: "OMP with ridge, tuned as for an NVIDIA card",
    problem: { width: 101, atoms: 261, rowCount: 500, sparsity: 9 },
    options: AS_ON_NVIDIA,
    step: { ridge: 1, atomBatch: 64 },
  },
  {
    name: "OMP with ridge and memory, tuned as for other cards",
    problem: { width: 101, atoms: 261, rowCount: 500, sparsity: 9 },
    options: AS_ON_OTHERS,
    step: { ridge: 1, memory: 0.5, atomBatch: 64 },
  },
  {
    name: "MP without subgroups, tuned as for other cards",
    problem: {
      width: 64,
      atoms: 700,
      rowCount: 200,
      sparsity: 7,
      coder: { method: "mp" },
    },
    options: { ...AS_ON_OTHERS, subgroups: false },
  },
  {
    name: "OMP, refined, tuned as for an NVIDIA card",
    problem: {
      width: 101,
      atoms: 661,
      rowCount: 300,
      sparsity: 9,
      coder: { refine: 2 },
    },
    options: AS_ON_NVIDIA,
    step: { atomBatch: 64 },
  },
  {
    name: "MP, tuned as for an NVIDIA card, over more atoms than threads",
    problem: {
      width: 64,
      atoms: 1300,
      rowCount: 200,
      sparsity: 12,
      coder: { method: "mp" },
    },
    options: AS_ON_NVIDIA,
    step: { atomBatch: 128 },
  },
  { name: "atoms summed by tiles", options: TILES, step: { memory: 0.6 } },
  {
    name: "all atoms summed by tiles in one batch",
    problem: { coder: { method: "mp" } },
    options: { ...TILES, subgroups: false },
    step: { atomBatch: 53 },
  },
  {
    name: "tiles in several chunks of rows, then a power step by lists",
    problem: {
      width: 35,
      atoms: 40,
      rowCount: 4500,
      sparsity: 4,
      powerSteps: 2,
      coder: { method: "mp" },
    },
    options: TILES,
    step: { atomBatch: 16 },
  },
  {
    name: "groups summed by tiles in small workgroups",
    problem: { groups: [10, 13, 30], sparsity: 7 },
    options: { ...SMALL_WORKGROUPS, ...TILES },
  },
  {
    name: "batches of more atoms than tiles take at a time",
    options: { ...SMALL_WORKGROUPS, ...TILES },
    step: { atomBatch: 41 },
  },
  {
    name: "residuals by slices",
    options: { tuning: { residualSlice: 8 } },
  },
  {
    name: "residuals of groups by narrow slices, rows that end early",
    problem: { groups: [10, 13, 30], sparsity: 7, coder: { tolerance: 0.3 } },
    options: { ...SMALL_WORKGROUPS, tuning: { residualSlice: 4 } },
  },
  {
    name: "residuals by slices, more codes than are brought in at a time",
    problem: { width: 80, atoms: 90, rowCount: 150, sparsity: 40 },
    options: { subgroups: false, tuning: { residualSlice: 8 } },
    step: { atomBatch: 9 },
  },
  { name: "several power steps", problem: { powerSteps: 3 } },
  {
    name: "several power steps without subgroups",
    problem: { powerSteps: 3 },
    options: { subgroups: false },
  },
  {
    name: "exact mode",
    problem: { exact: true, width: 20, atoms: 30, sparsity: 3, rowCount: 200 },
  },
  {
    name: "one dimension",
    problem: { width: 1, atoms: 1, sparsity: 1, rowCount: 5 },
    step: { atomBatch: 1 },
  },
  { name: "one row", problem: { rowCount: 1 } },
  {
    name: "as many nonzeros as atoms",
    problem: { width: 40, atoms: 15, sparsity: 15, rowCount: 90 },
  },
  {
    name: "more nonzeros than a word has bits",
    problem: { width: 80, atoms: 90, rowCount: 150, sparsity: 40 },
    step: { atomBatch: 9 },
  },
  {
    name: "rows wider than a workgroup holds",
    problem: { width: 1301, atoms: 19, sparsity: 3, rowCount: 70 },
    options: SMALL_WORKGROUPS,
  },
  { name: "matrices over several bindings", options: SMALL_BINDINGS },
  {
    name: "groups over several bindings",
    problem: { groups: [10, 13, 30], sparsity: 7 },
    options: SMALL_BINDINGS,
  },
  {
    name: "factors in scratch memory",
    problem: { sparsity: 12 },
    options: LOW_MEMORY,
    step: { ridge: 1 },
  },
  {
    name: "non-negative factors in scratch memory",
    problem: { sparsity: 12, coder: { nonnegative: true } },
    options: LOW_MEMORY,
  },
  {
    name: "correlations in scratch memory, OMP",
    problem: { width: 16, atoms: 2101, rowCount: 40, sparsity: 4 },
    options: SMALL_WORKGROUPS,
  },
  {
    name: "correlations in scratch memory, MP",
    problem: {
      width: 24,
      atoms: 2101,
      rowCount: 250,
      sparsity: 4,
      coder: { method: "mp" },
    },
    options: SMALL_WORKGROUPS,
  },
];

const EVERYDAY = new Set([
  "OMP",
  "OMP with ridge and soft threshold",
  "OMP, non-negative",
  "MP",
  "MP with refit and tolerance",
  "Matryoshka groups of odd sizes",
  "replacement by worst rows",
  "memory of earlier batches",
  "exact mode",
  "OMP, refined",
  "one dimension",
]);

/** Whether a case is what people train with, on the device as it is. */
export function isEveryday({ name }: Case): boolean {
  return EVERYDAY.has(name);
}

/** Registers a test for each case. */
export function testCases(cases: readonly Case[]): void {
  for (const { name, problem, options, step } of cases) {
    Deno.test(`the GPU engine agrees with the CPU engine: ${name}`, () =>
      assertEnginesAgree(plantedProblem(problem), options, step));
  }
}
