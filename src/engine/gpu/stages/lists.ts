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
    startsBuffer: buffers.batchStarts,
    lists: buffers.batchLists,
  });
  // The atoms come last: where their lists stand at each block of rows is asked for later.
  sort(context, index, rows, {
    batch: 1,
    count: own.countAtoms,
    scatter: own.scatterAtoms,
    starts: kernels.startsAtoms,
    startsBuffer: buffers.atomStarts,
    lists: buffers.atomLists,
  });
  if (own.entries === undefined) return;
  const { values, atomStarts: starts, atomLists: lists, entries } = buffers;
  runner.run(
    own.entries,
    { values, starts, lists, entries },
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
  startsBuffer: GPUBuffer;
  lists: GPUBuffer;
}

function sort(
  context: GpuContext,
  index: number,
  rows: number,
  { batch, count, scatter, starts, startsBuffer, lists }: Sort,
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
      starts: startsBuffer,
      pieces: buffers.atomPieces,
      order: buffers.order,
      usage: buffers.usage,
    },
    { keys, piece: LIST_PIECE, first: group.start },
    1,
  );
  runner.run(
    scatter,
    { indices, turns, ranks, counts, starts: startsBuffer, lists },
    place,
    Math.ceil(rows * group.sparsity / threads),
  );
}
