import { LIST_PIECE, localKeys } from "./common.ts";
import type { Kernel } from "../../../gpu/compile.ts";
import type { GpuContext } from "../context.ts";

/**
 * Sorts a group's codes by the turns of their atoms, and the rows that each atom batch touches by one of their atoms in it:
 * rows that share an atom then follow each other.
 */
export function sortCodes(
  context: GpuContext,
  index: number,
  rows: number,
  atomBatch: number,
): void {
  const { buffers, kernels, plan, runner, kernelContext } = context;
  const group = plan.groups[index], own = kernels.groups[index];
  runner.stage("lists");
  const few = group.atoms <= localKeys(kernelContext.limits, 8);
  sort(context, index, rows, {
    batch: atomBatch,
    count: few ? own.countBatches : own.countManyBatches,
    scatter: own.scatterBatches,
    starts: kernels.startsBatches,
    lists: buffers.batchLists,
  });
  // The atoms come last: where their lists stand at each block of rows is asked for later.
  sort(context, index, rows, {
    batch: 1,
    count: own.countAtoms,
    scatter: own.scatterAtoms,
    starts: kernels.startsAtoms,
    lists: buffers.atomLists,
  });
  if (own.entries === undefined) return;
  const { values, atomLists: lists, entries } = buffers;
  runner.run(
    own.entries,
    { values, lists, entries },
    { keys: group.atoms },
    Math.ceil(rows * group.sparsity / kernels.flatThreads),
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
  const group = plan.groups[index], threads = context.kernels.flatThreads;
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
    context.kernels.offsets,
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
