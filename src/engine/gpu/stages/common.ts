import type { Kernel } from "../../../gpu/compile.ts";
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { MatrixShape } from "../../../gpu/matrix.ts";
import type { TemplateValues } from "../../../gpu/template.ts";
import type { EngineSpec } from "../../engine.ts";
import type { GpuLayout, PlannedGroup } from "../layout.ts";
import {
  type GramSearch,
  reductionHalf,
  threadsFor,
  type Tuning,
} from "../tuning.ts";

/** What the kernels of one engine have in common. */
export interface KernelContext {
  tuning: Tuning;
  search: GramSearch;
  limits: DeviceLimits;
  subgroups: boolean;
  /** Threads of a subgroup, where all have as many. */
  lanes?: number | undefined;
}

/** What a stage's kernels are written from. */
export interface StageSetup {
  context: KernelContext;
  spec: EngineSpec;
  plan: GpuLayout;
}

/** Kernels by name; those that an engine has no use for are left out. */
export type KernelSources = Record<string, KernelSource | undefined>;

/** The kernels of a stage: those that all groups share, and those whose text holds a group's sizes. */
export interface StageKernels<
  S extends KernelSources = KernelSources,
  G extends KernelSources = KernelSources,
> {
  shared(setup: StageSetup): S;
  each(setup: StageSetup, group: PlannedGroup): G;
}

/** Kernels ready to run, by the names of their sources. */
export type Compiled<S extends KernelSources> = {
  [Name in keyof S]: undefined extends S[Name] ? Kernel | undefined : Kernel;
};

/** Declares a stage's kernels; each stage's file does so once. */
export function stageKernels<
  S extends KernelSources = Record<never, never>,
  G extends KernelSources = Record<never, never>,
>(
  { shared, each }: {
    shared?: (setup: StageSetup) => S;
    each?: (setup: StageSetup, group: PlannedGroup) => G;
  },
): StageKernels<S, G> {
  return {
    shared: shared ?? (() => ({}) as S),
    each: each ?? (() => ({}) as G),
  };
}

/** All kernels of an engine, ready to run. */
export class EngineKernels {
  readonly #made: ReadonlyMap<unknown, {
    shared: Record<string, Kernel | undefined>;
    groups: Record<string, Kernel | undefined>[];
  }>;

  constructor(
    made: ReadonlyMap<StageKernels, {
      shared: Record<string, Kernel | undefined>;
      groups: Record<string, Kernel | undefined>[];
    }>,
  ) {
    this.#made = made;
  }

  /** Those of a stage that all groups share. */
  shared<S extends KernelSources, G extends KernelSources>(
    stage: StageKernels<S, G>,
  ): Compiled<S> {
    return this.#made.get(stage)!.shared as Compiled<S>;
  }

  /** Those of a stage that are written for group `index`. */
  group<S extends KernelSources, G extends KernelSources>(
    stage: StageKernels<S, G>,
    index: number,
  ): Compiled<G> {
    return this.#made.get(stage)!.groups[index] as Compiled<G>;
  }
}

/** A kernel's name and text. */
export interface NamedText {
  name: string;
  text: string;
}

/** Fewest lanes that a subgroup can have. */
export const FEWEST_LANES = 4;

/** Values that every kernel takes: threads, and how they reduce. */
export function commonValues(
  context: KernelContext,
  threads: number,
): TemplateValues {
  return {
    WG: threads,
    WGHALF: reductionHalf(threads),
    ...waveValues(context, threads),
    SYNC: "workgroupBarrier()",
  };
}

/** `SYNC` for threads that pass each other what they wrote to a storage buffer. */
export const STORAGE_SYNC = "storageBarrier(); workgroupBarrier()";

// How a workgroup's threads fall into subgroups: WAVES of them, 0 where that is not known beforehand, PARTS at most.
function waveValues(
  { subgroups, lanes }: KernelContext,
  threads: number,
): TemplateValues {
  const even = lanes !== undefined && threads % lanes === 0;
  const waves = even ? threads / lanes : 0;
  return {
    SUBGROUPS: subgroups,
    WAVES: waves,
    PARTS: waves || Math.ceil(threads / FEWEST_LANES),
  };
}

/** Threads of a workgroup that share flat work: a slot, a key or a row for each. */
export function flatThreads({ limits }: KernelContext): number {
  return Math.min(64, limits.workgroupSize);
}

/** A kernel whose threads share flat work. */
export function flatKernel(
  context: KernelContext,
  { name, text }: NamedText,
  values: TemplateValues = {},
  matrices: Record<string, MatrixShape> = {},
  threads = flatThreads(context),
): KernelSource {
  return {
    name,
    text,
    values: { ...commonValues(context, threads), ...values },
    matrices,
  };
}

/** A kernel whose workgroups each work on rows of n4 elements. */
export function rowKernel(
  context: KernelContext,
  { name, text }: NamedText,
  width: number,
  matrices: Record<string, MatrixShape>,
  values: TemplateValues = {},
): KernelSource {
  const { tuning } = context, elements = Math.ceil(width / 4);
  const threads = threadsFor(elements, tuning.rowElements, tuning.rowThreads);
  return {
    name,
    text,
    values: {
      ...commonValues(context, threads),
      N: width,
      N4: elements,
      V: Math.ceil(elements / threads),
      ...values,
    },
    matrices,
  };
}

/**
 * Workgroups that share items of work among them, enough that none of them loops for too long.
 *
 * @param items there are at most
 * @param turns that the loops take for one item, at most
 * @param expected items that there are as a rule: no more workgroups are started for them than could share in the work
 */
export function workersFor(
  { workers, loopBudget }: Tuning,
  items: number,
  turns: number,
  expected = items,
): number {
  const needed = Math.ceil(items * turns / loopBudget);
  return Math.min(items, Math.max(Math.min(workers, expected), needed));
}
