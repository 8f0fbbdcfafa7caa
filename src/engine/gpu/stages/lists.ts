import countText from "../../../../kernels/count.wgsl" with { type: "text" };
import entriesText from "../../../../kernels/entries.wgsl" with {
  type: "text",
};
import offsetsText from "../../../../kernels/offsets.wgsl" with {
  type: "text",
};
import scatterText from "../../../../kernels/scatter.wgsl" with {
  type: "text",
};
import startsText from "../../../../kernels/starts.wgsl" with { type: "text" };
import type { Kernel } from "../../../gpu/compile.ts";
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { GpuContext } from "../context.ts";
import { threadsFor } from "../tuning.ts";
import {
  commonValues,
  flatKernel,
  flatThreads,
  type KernelContext,
  stageKernels,
  STORAGE_SYNC,
} from "./common.ts";

/** Sorts codes by atom and rows by atom batch. */
export const LISTS = stageKernels({
  shared: ({ context, spec: { atoms } }) => ({
    offsets: offsetsKernel(context),
    startsAtoms: startsKernel(context, { ATOMS: true, LISTKEYS: atoms }),
    startsBatches: startsKernel(context, { ATOMS: false, LISTKEYS: atoms }),
  }),
  each: ({ context, spec }, { atoms, sparsity, tiles }) => {
    const sizes = { K: sparsity, KT: spec.coder.sparsity };
    const LISTKEYS = spec.atoms;
    const count = (BATCHES: boolean, LOCAL: boolean) =>
      countKernel(context, { ...sizes, BATCHES, LOCAL, KEYS: atoms });
    const scatter = (BATCHES: boolean) =>
      scatterKernel(context, { ...sizes, BATCHES, LISTKEYS });
    return {
      countAtoms: count(false, atoms <= localKeys(context.limits, 4)),
      countBatches: count(true, atoms <= localKeys(context.limits, 8)),
      scatterAtoms: scatter(false),
      scatterBatches: scatter(true),
      entries: tiles && flatKernel(
        context,
        { name: "entries", text: entriesText },
        { KT: spec.coder.sparsity, LISTKEYS },
      ),
    };
  },
});

/** Entries of an atom's list that one workgroup sums: part of the result's rounding, so the same on every adapter. */
export const LIST_PIECE = 64;

/** Most keys that the counting sort tallies in workgroup memory. */
export function localKeys(limits: DeviceLimits, perKey: number): number {
  return Math.floor(Math.min(limits.workgroupMemory, 32768) / perKey);
}

/**
 * The counting sort's first kernel, by atom or by atom batch, with its tallies in workgroup memory or in the buffer.
 */
export function countKernel(
  context: KernelContext,
  values: {
    K: number;
    KT: number;
    BATCHES: boolean;
    LOCAL: boolean;
    KEYS: number;
  },
): KernelSource {
  const threads = Math.min(
    threadsFor(values.K, 1, [32, 256]),
    context.limits.workgroupSize,
  );
  return {
    name: "count",
    text: countText,
    values: {
      ...commonValues(context, threads),
      ...values,
      ...(values.LOCAL ? {} : { SYNC: STORAGE_SYNC }),
    },
  };
}

/** The kernel that turns the blocks' histograms into running offsets. */
export function offsetsKernel(context: KernelContext): KernelSource {
  return flatKernel(context, { name: "offsets", text: offsetsText });
}

/** The kernel that says where lists begin: of slots by atom, or of rows by atom batch. */
export function startsKernel(
  context: KernelContext,
  values: { ATOMS: boolean; LISTKEYS: number },
): KernelSource {
  const threads = Math.min(256, context.limits.workgroupSize);
  const named = { name: "starts", text: startsText };
  return flatKernel(context, named, values, {}, threads);
}

/** The counting sort's last kernel. */
export function scatterKernel(
  context: KernelContext,
  values: { K: number; KT: number; BATCHES: boolean; LISTKEYS: number },
): KernelSource {
  return flatKernel(context, { name: "scatter", text: scatterText }, values);
}

/**
 * Sorts a group's codes by the turns of their atoms, and the rows that each atom batch touches by one of their atoms
 * in it: rows that share an atom then follow each other.
 */
export function sortCodes(
  context: GpuContext,
  index: number,
  rows: number,
  atomBatch: number,
): void {
  const { buffers, kernels, plan, runner, kernelContext } = context;
  const group = plan.groups[index], own = kernels.group(LISTS, index);
  const shared = kernels.shared(LISTS);
  runner.stage("lists");
  sort(context, index, rows, {
    batch: atomBatch,
    count: own.countBatches,
    scatter: own.scatterBatches,
    starts: shared.startsBatches,
    lists: buffers.batchLists,
  });
  // The atoms come last: where their lists stand at each block of rows is asked for later.
  sort(context, index, rows, {
    batch: 1,
    count: own.countAtoms,
    scatter: own.scatterAtoms,
    starts: shared.startsAtoms,
    lists: buffers.atomLists,
  });
  if (own.entries === undefined) return;
  const { values, atomLists: lists, entries } = buffers;
  runner.run(
    own.entries,
    { values, lists, entries },
    { keys: group.atoms },
    Math.ceil(rows * group.sparsity / flatThreads(kernelContext)),
  );
}

interface Sort {
  /** Atoms of a batch, of which a row is listed under one. */
  batch: number;
  count: Kernel;
  scatter: Kernel;
  starts: Kernel;
  lists: GPUBuffer;
}

function sort(
  context: GpuContext,
  index: number,
  rows: number,
  { batch, count, scatter, starts, lists }: Sort,
): void {
  const { buffers, plan, runner } = context;
  const group = plan.groups[index];
  const threads = flatThreads(context.kernelContext);
  const { indices, turns, ranks, counts, seen, totals } = buffers;
  const keys = group.atoms, block = Math.ceil(rows / plan.sortBlocks);
  const blocks = Math.ceil(rows / block);
  const place = {
    rows,
    slot: group.slot,
    block,
    first: group.start,
    keys,
    batch,
  };
  runner.run(count, { indices, turns, ranks, counts, seen }, place, blocks);
  runner.run(
    context.kernels.shared(LISTS).offsets,
    { counts, totals },
    { keys, blocks },
    Math.ceil(keys / threads),
  );
  runner.run(
    starts,
    {
      totals,
      lists,
      order: buffers.order,
      usage: buffers.usage,
      updates: buffers.updates,
    },
    { keys, piece: LIST_PIECE, first: group.start },
    1,
  );
  runner.run(
    scatter,
    { indices, turns, ranks, counts, lists },
    place,
    Math.ceil(rows * group.sparsity / threads),
  );
}
