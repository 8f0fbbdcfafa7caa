import type { DeviceLimits } from "../../gpu/device.ts";
import { kernelBindings, type KernelSource } from "../../gpu/kernel.ts";
import type { Runner } from "../../gpu/runner.ts";
import { kernelIncludes } from "./includes.ts";
import {
  EngineKernels,
  type KernelSources,
  type StageKernels,
  type StageSetup,
} from "./stages/common.ts";
import { PRODUCTS } from "./stages/correlate.ts";
import { DUPLICATES } from "./stages/duplicates.ts";
import { GRAM } from "./stages/gram.ts";
import { LARGEST } from "./stages/largest.ts";
import { LISTS } from "./stages/lists.ts";
import { STEP } from "./stages/products.ts";
import { PURSUE } from "./stages/pursue.ts";
import { REFINE } from "./stages/refine.ts";
import { REPLACE } from "./stages/replace.ts";
import { REPORT } from "./stages/report.ts";
import { RESIDUAL } from "./stages/residual.ts";
import { ROWS } from "./stages/rows.ts";
import { SOLVE } from "./stages/solve.ts";
import { TILES } from "./stages/tiles.ts";
import { UPDATE } from "./stages/update.ts";

/** Every stage that has kernels. */
const STAGES: readonly StageKernels[] = [
  ROWS,
  PRODUCTS,
  GRAM,
  PURSUE,
  LARGEST,
  STEP,
  REFINE,
  SOLVE,
  RESIDUAL,
  LISTS,
  DUPLICATES,
  UPDATE,
  TILES,
  REPLACE,
  REPORT,
];

/** Compiles everything an engine needs, together. */
export async function compileKernels(
  runner: Runner,
  setup: StageSetup,
): Promise<EngineKernels> {
  const compile = async (sources: KernelSources) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(sources).map(async ([name, source]) =>
          [name, source && await runner.compile(source)] as const
        ),
      ),
    );
  const made = STAGES.map(async (stage) => {
    const [shared, ...groups] = await Promise.all([
      compile(stage.shared(setup)),
      ...setup.plan.groups.map((group) => compile(stage.each(setup, group))),
    ]);
    return [stage, { shared, groups }] as const;
  });
  return new EngineKernels(new Map(await Promise.all(made)));
}

/** Every kernel of an engine as data: a stage's own name for it, and its source. */
export function kernelSources(
  setup: StageSetup,
): { key: string; source: KernelSource }[] {
  const all = STAGES.flatMap((stage) => [
    stage.shared(setup),
    ...setup.plan.groups.map((group) => stage.each(setup, group)),
  ]);
  return all.flatMap((sources) =>
    Object.entries(sources).flatMap(([key, source]) =>
      source === undefined ? [] : [{ key, source }]
    )
  );
}

/** The kernel that binds the most storage buffers, matrices that lie in several binding as many; and their number. */
export function mostBindings(
  setup: StageSetup,
): { kernel: string; buffers: number; split: string[] } {
  return kernelSources(setup).map(({ source }) => {
    const bindings = kernelBindings(source, kernelIncludes);
    return {
      kernel: source.name,
      buffers: bindings.reduce((sum, { parts }) => sum + parts, 0),
      split: bindings.flatMap(({ name, parts }) =>
        parts > 1 ? [`${name} over ${parts}`] : []
      ),
    };
  }).reduce((a, b) => b.buffers > a.buffers ? b : a);
}

/** Why a device's kernels cannot bind what they need; `undefined` where they can. */
export function bindingProblem(
  setup: StageSetup,
  { storageBuffers, binding }: DeviceLimits,
): string | undefined {
  const { kernel, buffers, split } = mostBindings(setup);
  if (buffers <= storageBuffers) return undefined;
  const why = split.length === 0
    ? ""
    : ` (matrices are split into bindings of ${
      (binding / 1e6).toFixed(1)
    } MB: ${split.join(", ")})`;
  return `A kernel may bind ${storageBuffers} buffers on this device and ${kernel}.wgsl needs ${buffers}${why}`;
}
