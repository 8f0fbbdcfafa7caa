import type { GpuEngineOptions } from "../../../src/engine/gpu/gpu.ts";
import { type Case, SMALL_WORKGROUPS } from "./case.ts";

const TILES: GpuEngineOptions = { tuning: { denseUses: 0.1 } };

/** Ways to update atoms, and how they are summed. */
export const UPDATING: Case[] = [
  {
    name: "replacement by worst rows",
    everyday: true,
    step: { replace: Uint32Array.of(3, 40, 21) },
  },
  {
    name: "memory of earlier batches",
    everyday: true,
    problem: { powerSteps: 2 },
    step: { memory: 0.7, replace: Uint32Array.of(3, 40) },
  },
  {
    name: "exact mode with memory",
    problem: { exact: true, width: 20, atoms: 30, sparsity: 3, rowCount: 200 },
    step: { memory: 0.5 },
  },
  { name: "one atom a batch", step: { atomBatch: 1 } },
  { name: "all atoms in one batch", step: { atomBatch: 53 } },
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
    everyday: true,
    problem: { exact: true, width: 20, atoms: 30, sparsity: 3, rowCount: 200 },
  },
];
