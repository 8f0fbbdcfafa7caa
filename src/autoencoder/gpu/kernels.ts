import aboveText from "../../../kernels/above.wgsl" with { type: "text" };
import floorText from "../../../kernels/floor.wgsl" with { type: "text" };
import learnText from "../../../kernels/learn.wgsl" with { type: "text" };
import rebuildText from "../../../kernels/rebuild.wgsl" with { type: "text" };
import tallyText from "../../../kernels/tally.wgsl" with { type: "text" };
import worthText from "../../../kernels/worth.wgsl" with { type: "text" };
import { kernelIncludes } from "../../engine/gpu/includes.ts";
import {
  flatKernel,
  type KernelContext,
  rowKernel,
} from "../../engine/gpu/stages/common.ts";
import { productKernel } from "../../engine/gpu/stages/correlate.ts";
import { largestKernel } from "../../engine/gpu/stages/largest.ts";
import {
  countKernel,
  localKeys,
  offsetsKernel,
  scatterKernel,
  startsKernel,
} from "../../engine/gpu/stages/lists.ts";
import { DbksvdError } from "../../errors.ts";
import type { Kernel } from "../../gpu/compile.ts";
import type { DeviceLimits } from "../../gpu/device.ts";
import { kernelBindings, type KernelSource } from "../../gpu/kernel.ts";
import type { Runner } from "../../gpu/runner.ts";
import type { AutoencoderSpec } from "../layout.ts";
import { EPSILON, MEAN_DECAY, SQUARE_DECAY } from "../learn.ts";
import { WINDOW } from "../worth.ts";
import type { TrainerPlan } from "./plan.ts";

/** Values of a thread that counts digits. */
export const TALLY_EACH = 16;

/** The kernels of a training. */
export interface TrainerSources {
  product: KernelSource;
  productUnaligned?: KernelSource | undefined;
  largest: KernelSource;
  /** The largest beside their latents' thresholds. */
  largestScaled?: KernelSource | undefined;
  /** Where rows share their active latents: the search for the floor of all, and what keeps the codes above floors. */
  tally?: KernelSource | undefined;
  floor?: KernelSource | undefined;
  above?: KernelSource | undefined;
  aboveEach?: KernelSource | undefined;
  rebuild: KernelSource;
  /** What latents near their floors are worth. */
  rebuildAbove?: KernelSource | undefined;
  worth?: KernelSource | undefined;
  count: KernelSource;
  offsets: KernelSource;
  starts: KernelSource;
  scatter: KernelSource;
  learnEncoder: KernelSource;
  learnDecoder?: KernelSource | undefined;
}

/** The same, ready to run. */
export type TrainerKernels = {
  [Name in keyof TrainerSources]: undefined extends TrainerSources[Name]
    ? Kernel | undefined
    : Kernel;
};

/** Every kernel of a training as data. */
export function trainerSources(
  context: KernelContext,
  spec: AutoencoderSpec,
  plan: TrainerPlan,
): TrainerSources {
  const { width, latents } = spec, { slots, matrices } = plan;
  const shared = spec.selection === "batch";
  const codes = { K: slots, KT: slots }, LISTKEYS = latents;
  const sorted = { ...codes, BATCHES: false, LISTKEYS };
  return {
    product: productKernel(context, width, true),
    // Columns that are no multiple of four begin where the encoder is split.
    productUnaligned: matrices.E.parts > 1
      ? productKernel(context, width, false)
      : undefined,
    largest: largestKernel(context, plan, {
      ...codes,
      ...{ POSITIVE: true, BIASED: true },
    }),
    ...(shared && {
      tally: tallyKernel(context),
      floor: floorKernel(context),
      above: aboveKernel(context, false),
      aboveEach: aboveKernel(context, true),
      largestScaled: largestKernel(context, plan, {
        ...codes,
        ...{ POSITIVE: true, BIASED: true, SCALED: true },
      }),
      rebuildAbove: rebuildKernel(context, spec, plan, true),
      worth: worthKernel(context, spec),
    }),
    rebuild: rebuildKernel(context, spec, plan, false),
    count: countKernel(context, {
      ...{ ...codes, BATCHES: false, KEYS: latents },
      LOCAL: latents <= localKeys(context.limits, 4),
    }),
    offsets: offsetsKernel(context),
    starts: startsKernel(context, { ATOMS: true, LISTKEYS }),
    scatter: scatterKernel(context, sorted),
    learnEncoder: learnKernel(context, spec, plan, "encoder"),
    learnDecoder: spec.learnsDecoder
      ? learnKernel(context, spec, plan, "decoder")
      : undefined,
  };
}

/** The kernel that counts the digits of values. */
export function tallyKernel(context: KernelContext): KernelSource {
  const named = { name: "tally", text: tallyText };
  return flatKernel(context, named, { EACH: TALLY_EACH });
}

/** The kernel that takes a digit of the floor. */
export function floorKernel(context: KernelContext): KernelSource {
  return flatKernel(context, { name: "floor", text: floorText });
}

/** The kernel that keeps codes above the floor of all, or above those of their latents. */
export function aboveKernel(
  context: KernelContext,
  EACH: boolean,
): KernelSource {
  return flatKernel(context, { name: "above", text: aboveText }, { EACH });
}

/** The kernel that rebuilds rows: by levels, or by the latents above their floors. */
export function rebuildKernel(
  context: KernelContext,
  { width }: Pick<AutoencoderSpec, "width">,
  { slots, matrices: { Y, D, R } }: Pick<TrainerPlan, "slots" | "matrices">,
  FLOORS: boolean,
): KernelSource {
  const named = { name: "rebuild", text: rebuildText };
  const values = { KT: slots, FLOORS, WINDOW };
  return rowKernel(context, named, width, { Y, D, R }, values);
}

/** The kernel that adds up what latents near their floors are worth. */
export function worthKernel(
  context: KernelContext,
  { latents: LISTKEYS }: Pick<AutoencoderSpec, "latents">,
): KernelSource {
  const named = { name: "worth", text: worthText };
  return flatKernel(context, named, { LISTKEYS, WINDOW });
}

/** The kernel of Adam's step for encoder or decoder rows. */
export function learnKernel(
  context: KernelContext,
  { width, latents }: Pick<AutoencoderSpec, "width" | "latents">,
  { slots, matrices }: Pick<TrainerPlan, "slots" | "matrices">,
  of: "encoder" | "decoder",
): KernelSource {
  const { Y, R, E, D, ofEncoder, ofDecoder } = matrices;
  return rowKernel(
    context,
    { name: "learn", text: learnText },
    width,
    of === "decoder"
      ? { S: R, P: D, M: ofDecoder }
      : { S: Y, P: E, M: ofEncoder },
    {
      ...{ KT: slots, LISTKEYS: latents, DECODER: of === "decoder", EPSILON },
      ...{ MEAN: MEAN_DECAY, NEWMEAN: 1 - MEAN_DECAY },
      ...{ SQUARE: SQUARE_DECAY, NEWSQUARE: 1 - SQUARE_DECAY },
    },
  );
}

/**
 * Compiles them all, together.
 *
 * @throws {DbksvdError} `device`, where the driver refuses one
 */
export async function compileTrainer(
  runner: Runner,
  sources: TrainerSources,
): Promise<TrainerKernels> {
  const made = await Promise.all(
    listed(sources).map(async ([name, source]) =>
      [name, await runner.compile(source)] as const
    ),
  );
  return Object.fromEntries(made) as unknown as TrainerKernels;
}

/**
 * Makes sure that a device can bind what the kernels need.
 *
 * @throws {DbksvdError} `device`, where one of them binds more buffers than the device lets it
 */
export function requireBindings(
  sources: TrainerSources,
  { storageBuffers, binding }: DeviceLimits,
): void {
  for (const [, source] of listed(sources)) {
    const buffers = kernelBindings(source, kernelIncludes)
      .reduce((sum, { parts }) => sum + parts, 0);
    if (buffers <= storageBuffers) continue;
    throw new DbksvdError(
      "device",
      `A kernel may bind ${storageBuffers} buffers of ${
        (binding / 1e6).toFixed(1)
      } MB on this device and ${source.name}.wgsl needs ${buffers} for this autoencoder`,
      { mend: "use --device cpu" },
    );
  }
}

function listed(sources: TrainerSources): [string, KernelSource][] {
  return Object.entries(sources)
    .filter((entry): entry is [string, KernelSource] => entry[1] !== undefined);
}
