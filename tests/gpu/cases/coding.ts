import type { GpuEngineOptions } from "../../../src/engine/gpu/gpu.ts";
import { type Case, LOW_MEMORY, SMALL_BINDINGS } from "./case.ts";

const VERIFIED: GpuEngineOptions = { tuning: { search: "verified" } };
const PRODUCTS: GpuEngineOptions = {
  tuning: { rates: { flops: Infinity, cacheBytes: 1 } },
};

/** Ways to code rows: coders and their options, and how atoms are searched for. */
export const CODING: Case[] = [
  { name: "OMP", everyday: true },
  { name: "OMP without subgroups", options: { subgroups: false } },
  { name: "OMP with ridge", step: { ridge: 1 } },
  {
    name: "OMP with ridge and soft threshold",
    everyday: true,
    step: { ridge: 1, shrink: 0.2 },
  },
  { name: "OMP with tolerance", problem: { coder: { tolerance: 0.5 } } },
  {
    name: "OMP, non-negative",
    everyday: true,
    problem: { coder: { nonnegative: true } },
    step: { ridge: 0.5, shrink: 0.2 },
  },
  { name: "MP", everyday: true, problem: { coder: { method: "mp" } } },
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
    everyday: true,
    problem: { coder: { method: "mp", refit: true, tolerance: 0.3 } },
  },
  {
    name: "MP, non-negative with refit and ridge",
    problem: { coder: { method: "mp", refit: true, nonnegative: true } },
    step: { ridge: 1 },
  },
  {
    name: "Matryoshka groups of odd sizes",
    everyday: true,
    problem: { groups: [10, 13, 30], sparsity: 7 },
    step: { ridge: 0.5 },
  },
  {
    name: "fewer nonzeros in one iteration than the spec allows",
    problem: { groups: [10, 13, 30], sparsity: 7 },
    step: { sparsity: 4 },
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
  { name: "OMP, refined", everyday: true, problem: { coder: { refine: 3 } } },
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
];
