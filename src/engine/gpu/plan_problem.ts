import type { DeviceLimits } from "../../gpu/device.ts";
import type { EngineSpec } from "../engine.ts";
import { lines, needed, tooLarge } from "./buffers.ts";
import { bindingProblem } from "./kernels.ts";
import type { GpuLayout } from "./layout.ts";
import { largestTurns } from "./stages/largest.ts";
import { pursuitTurns } from "./stages/pursue.ts";
import { swapTurns } from "./stages/refine.ts";
import { solveTurns } from "./stages/solve.ts";
import type { Tuning } from "./tuning.ts";

/** Why a layout cannot be carried out on a device, with the numbers; `undefined` where it can. */
export function problem(
  spec: EngineSpec,
  plan: GpuLayout,
  limits: DeviceLimits,
  tuning: Tuning,
): string | undefined {
  const bytes = needed(spec, plan);
  if (bytes > limits.memory) {
    const greatest = lines(spec, plan)
      .reduce((a, b) => b.bytes > a.bytes ? b : a);
    return `The device has ${gigabytes(limits.memory)} for this and ${
      gigabytes(bytes)
    } are needed, ${gigabytes(greatest.bytes)} of them for ${greatest.name}`;
  }
  const large = tooLarge(spec, plan, limits.binding);
  if (large !== undefined) {
    return `One buffer may hold ${
      gigabytes(limits.binding)
    } on this device and ${
      gigabytes(large.bytes)
    } are needed for ${large.name}`;
  }
  const { search } = plan;
  const context = { tuning, search, limits, subgroups: false };
  return bindingProblem({ context, spec, plan }, limits);
}

/** Why an adapter's driver cannot carry a pursuit through; `undefined` where it can. */
export function loopProblem(
  { coder }: EngineSpec,
  { groups, form }: GpuLayout,
  tuning: Tuning,
): string | undefined {
  const { loopBudget } = tuning, { refine = 0 } = coder;
  if (form === "product") return undefined;
  const turns = Math.max(
    ...groups.flatMap(({ layout, sparsity }) =>
      form === "correlations" ? [largestTurns(layout, sparsity)] : [
        pursuitTurns(coder.method, layout, sparsity),
        solveTurns(sparsity, coder.nonnegative && coder.method === "omp"),
      ]
    ),
  );
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

/** Bytes in words. */
export function gigabytes(bytes: number): string {
  return bytes < 1e8
    ? `${(bytes / 1e6).toFixed(1)} MB`
    : `${(bytes / 1e9).toFixed(2)} GB`;
}
