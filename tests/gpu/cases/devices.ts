import type { GpuEngineOptions } from "../../../src/engine/gpu/gpu.ts";
import { TUNINGS } from "../../../src/engine/gpu/tuning.ts";
import {
  type Case,
  LOW_MEMORY,
  SMALL_BINDINGS,
  SMALL_WORKGROUPS,
} from "./case.ts";

// What a card is given, but for the loops that the software driver cuts off.
const { loopBudget } = TUNINGS.software;
const AS_ON_NVIDIA: GpuEngineOptions = {
  tuning: { ...TUNINGS.nvidia, loopBudget },
};
const AS_ON_OTHERS: GpuEngineOptions = {
  tuning: { ...TUNINGS.other, loopBudget },
};

/** Devices: what they are tuned to, odd sizes, and limits that are cut. */
export const DEVICES: Case[] = [
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
  {
    name: "one dimension",
    everyday: true,
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
