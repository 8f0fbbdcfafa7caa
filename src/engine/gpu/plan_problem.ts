import type { EngineSpec } from "../engine.ts";
import type { DeviceLimits } from "../../gpu/device.ts";
import { pursuitTurns, solveTurns } from "./loops.ts";
import type { GpuPlan } from "./plan.ts";
import { swapTurns } from "./stages/refine.ts";
import type { Tuning } from "./tuning.ts";

/** Buffers that a kernel binds beside matrices, at most. */
const OTHER_BINDINGS = 6;

/** How many equal buffers stand behind those planned items that cannot be split. */
const WHOLE_BUFFERS: Readonly<Record<string, number>> = {
  "codes": 2,
  "atom lists": 2,
  "dense atom lists": 1,
  "tallies": 2,
  "pursuit scratch": 1,
};

/** Why a plan cannot be carried out on a device, with the numbers; `undefined` where it can. */
export function findProblem(
  plan: GpuPlan,
  limits: DeviceLimits,
): string | undefined {
  return memoryProblem(plan) ?? bufferProblem(plan, limits) ??
    bindingProblem(plan, limits);
}

/** Why an adapter's driver cannot carry a pursuit through; `undefined` where it can. */
export function loopProblem(
  { coder }: EngineSpec,
  { groups, form }: GpuPlan,
  tuning: Tuning,
): string | undefined {
  const { loopBudget } = tuning, { refine = 0 } = coder;
  if (form === "product") return undefined;
  const turns = Math.max(...groups.flatMap(({ layout, sparsity }) => [
    pursuitTurns(coder.method, layout, sparsity),
    solveTurns(sparsity, coder.nonnegative && coder.method === "omp"),
  ]));
  if (turns > loopBudget) {
    return `This software driver cuts loops off before ${coder.sparsity} nonzeros a row are found`;
  }
  const refining = refine === 0 ? 0 : Math.max(
    ...groups.map(({ layout: { stride }, sparsity }) =>
      swapTurns(tuning, { stride, sparsity }, refine)
    ),
  );
  return refining > loopBudget
    ? `This software driver cuts loops off before ${coder.sparsity} nonzeros a row are refined ${refine} times`
    : undefined;
}

function memoryProblem(plan: GpuPlan): string | undefined {
  if (plan.needed <= plan.had) return undefined;
  const greatest = plan.buffers.reduce((a, b) => b.bytes > a.bytes ? b : a);
  return `The device has ${gigabytes(plan.had)} for this and ${
    gigabytes(plan.needed)
  } are needed, ${gigabytes(greatest.bytes)} of them for ${greatest.name}`;
}

function bufferProblem(
  plan: GpuPlan,
  { binding }: DeviceLimits,
): string | undefined {
  for (const { name, bytes } of plan.buffers) {
    const single = bytes / (WHOLE_BUFFERS[name] ?? Infinity);
    if (single <= binding) continue;
    return `One buffer may hold ${gigabytes(binding)} on this device and ${
      gigabytes(single)
    } are needed for ${name}`;
  }
  return undefined;
}

function bindingProblem(
  { rows, dictionary, sums, groups, form }: GpuPlan,
  { storageBuffers }: DeviceLimits,
): string | undefined {
  const parts = OTHER_BINDINGS + Math.max(
    rows.parts + 2 * dictionary.parts,
    rows.parts + dictionary.parts + sums.parts,
    2 * dictionary.parts + sums.parts,
    ...groups.map((g) => form === "gram" ? g.gram.parts + g.halves.parts : 0),
  );
  if (parts <= storageBuffers) return undefined;
  return `A kernel may bind ${storageBuffers} buffers on this device and ${parts} are needed`;
}

function gigabytes(bytes: number): string {
  return bytes < 1e8
    ? `${(bytes / 1e6).toFixed(1)} MB`
    : `${(bytes / 1e9).toFixed(2)} GB`;
}
