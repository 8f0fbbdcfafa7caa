import type { Kernel } from "../../gpu/compile.ts";
import {
  countKernel,
  flatKernel,
  type KernelContext,
  localKeys,
  mirrorKernel,
  productKernel,
  rowKernel,
} from "./stages/common.ts";
import type { GpuPlan } from "./plan.ts";
import type { PlannedGroup } from "./plan_groups.ts";
import {
  boundsKernel,
  productFormKernel,
  pursuitKernel,
} from "./stages/pursue.ts";
import type { Runner } from "../../gpu/runner.ts";
import { bySlices, slicesKernel } from "./stages/residual.ts";
import { swapKernel } from "./stages/refine.ts";
import { tileKernel } from "./stages/tiles.ts";
import type { EngineSpec } from "../engine.ts";

/** The kernels of one Matryoshka group: those whose text holds its sizes. */
export interface GroupKernels {
  /** The whole pursuit, or one step of it where rows are coded by products. */
  pursuit: Kernel;
  /** What refines supports; nothing compiled where that is not asked for. */
  swap?: Kernel;
  coefficients: Kernel;
  residual: Kernel;
  countAtoms: Kernel;
  countBatches: Kernel;
  countManyBatches: Kernel;
  scatterAtoms: Kernel;
  scatterBatches: Kernel;
  apply: Kernel;
  /** What sums dense atom batches, and makes their lists ready. */
  tiles?: Kernel;
  entries?: Kernel;
  duplicates: Kernel;
  /** What bounds the errors of a search, where it needs that. */
  bounds?: Kernel;
}

/** The kernels that all groups share; those that not every engine needs are compiled where it does. */
export interface SharedKernels {
  prepare: Kernel;
  round?: Kernel;
  energy: Kernel;
  total: Kernel;
  product: Kernel;
  mirror: Kernel;
  productUnaligned?: Kernel;
  offsets: Kernel;
  startsAtoms: Kernel;
  startsBatches: Kernel;
  atomSum: Kernel;
  atomSumPower?: Kernel;
  atomNormalise: Kernel;
  atomExact?: Kernel;
  worst: Kernel;
  replace: Kernel;
}

/** All of an engine's kernels. */
export interface EngineKernels extends SharedKernels {
  /** Threads of a workgroup of the kernels that give each thread a slot, a key or a row. */
  flatThreads: number;
  groups: GroupKernels[];
}

/** Compiles everything an engine needs, together. */
export async function compileKernels(
  runner: Runner,
  context: KernelContext,
  spec: EngineSpec,
  plan: GpuPlan,
): Promise<EngineKernels> {
  const [shared, groups] = await Promise.all([
    compileShared(runner, context, spec, plan),
    Promise.all(
      plan.groups.map((group) =>
        compileGroup(runner, context, spec, plan, group)
      ),
    ),
  ]);
  return {
    ...shared,
    groups,
    flatThreads: flatKernel(context, "scatter").threads,
  };
}

function compileShared(
  runner: Runner,
  context: KernelContext,
  spec: EngineSpec,
  plan: GpuPlan,
): Promise<SharedKernels> {
  const n = spec.width, { rows, dictionary, sums } = plan;
  const KT = spec.coder.sparsity, LISTKEYS = spec.atoms;
  const row = (
    name: Parameters<typeof rowKernel>[1],
    matrices: Parameters<typeof rowKernel>[3] = {},
    values: Parameters<typeof rowKernel>[4] = {},
  ) => runner.compile(rowKernel(context, name, n, matrices, values));
  return allOf({
    prepare: row("prepare", { Y: rows }),
    round: spec.rows === "f16" ? row("round", { Y: rows }) : undefined,
    energy: row("energy", { R: rows }),
    total: runner.compile(flatKernel(context, "total")),
    mirror: runner.compile(mirrorKernel()),
    product: runner.compile(productKernel(context, n, true)),
    // Columns that are no multiple of four begin where the dictionary is split.
    productUnaligned: dictionary.parts > 1
      ? runner.compile(productKernel(context, n, false))
      : undefined,
    offsets: runner.compile(flatKernel(context, "offsets")),
    startsAtoms: runner.compile(
      flatKernel(context, "starts", { ATOMS: true, LISTKEYS }),
    ),
    startsBatches: runner.compile(
      flatKernel(context, "starts", { ATOMS: false, LISTKEYS }),
    ),
    atomSum: row("atomSum", { R: rows, sums }, { KT, POWER: false, LISTKEYS }),
    atomSumPower: spec.powerSteps > 1
      ? row(
        "atomSum",
        { R: rows, sums, N: dictionary },
        { KT, POWER: true, LISTKEYS },
      )
      : undefined,
    atomNormalise: row(
      "atomNormalise",
      { sums, D: dictionary, N: dictionary },
      { LISTKEYS },
    ),
    atomExact: spec.exact
      ? row("atomExact", { R: rows, D: dictionary, N: dictionary }, {
        KT,
        LISTKEYS,
      })
      : undefined,
    worst: runner.compile(flatKernel(context, "worst")),
    replace: row("replace", { R: rows, D: dictionary }),
  });
}

async function compileGroup(
  runner: Runner,
  context: KernelContext,
  spec: EngineSpec,
  plan: GpuPlan,
  group: PlannedGroup,
): Promise<GroupKernels> {
  const { coder, width: n } = spec, { rows, dictionary } = plan;
  const sizes = { K: group.sparsity, KT: coder.sparsity };
  const LISTKEYS = spec.atoms;
  const count = (BATCHES: boolean, LOCAL: boolean) =>
    runner.compile(countKernel(context, { ...sizes, BATCHES, LOCAL }));
  const shapes = {
    dictionary,
    residuals: {
      ...rows,
      rows: plan.chunkRows,
      rowsPerPart: plan.chunkRows,
      parts: 1,
    },
  };
  const gram = plan.form === "gram" ? group.gram : {
    ...group.gram,
    rows: plan.chunkRows,
    rowsPerPart: plan.chunkRows,
    parts: 1,
  };
  const local = group.atoms <= localKeys(context.limits, 4);
  const swap = coder.refine
    ? runner.compile(swapKernel(context, group, coder))
    : undefined;
  const bounds = plan.form === "gram"
    ? boundsKernel(context, group, coder.method)
    : undefined;
  const always = allOf({
    pursuit: runner.compile(
      plan.form === "gram"
        ? pursuitKernel(context, coder.method, group, coder)
        : productFormKernel(context, "step", shapes, group, spec),
    ),
    coefficients: runner.compile(
      plan.form === "gram"
        ? pursuitKernel(context, "coefficients", group, coder)
        : productFormKernel(context, "coefficients", shapes, group, spec),
    ),
    residual: runner.compile(
      bySlices(context)
        ? slicesKernel(context, n, { D: dictionary, R: rows }, sizes)
        : rowKernel(context, "residual", n, { D: dictionary, R: rows }, sizes),
    ),
    countAtoms: count(false, local),
    countBatches: count(true, true),
    countManyBatches: count(true, false),
    scatterAtoms: runner.compile(
      flatKernel(context, "scatter", { ...sizes, LISTKEYS, BATCHES: false }),
    ),
    scatterBatches: runner.compile(
      flatKernel(context, "scatter", { ...sizes, LISTKEYS, BATCHES: true }),
    ),
    apply: runner.compile(
      rowKernel(
        context,
        "apply",
        n,
        { R: rows, D: dictionary, N: dictionary },
        { ...sizes, LISTKEYS, NONNEGATIVE: coder.nonnegative },
      ),
    ),
    tiles: group.tiles &&
      runner.compile(tileKernel(n, group.tiles, { R: rows, sums: plan.sums })),
    entries: group.tiles &&
      runner.compile(
        flatKernel(context, "entries", { KT: coder.sparsity, LISTKEYS }),
      ),
    bounds: bounds && runner.compile(bounds),
    duplicates: runner.compile(
      flatKernel(
        context,
        "duplicates",
        { M: group.atoms, M4: group.layout.stride },
        { G: gram },
      ),
    ),
  });
  return { ...await always, swap: await swap };
}

async function allOf<T extends Record<string, Promise<Kernel> | undefined>>(
  kernels: T,
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const entries = await Promise.all(
    Object.entries(kernels).map(async ([name, kernel]) => [name, await kernel]),
  );
  return Object.fromEntries(entries);
}
