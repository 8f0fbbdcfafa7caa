import {
  applyTurns,
  exactStepsAtOnce,
  pieceTurns,
  workersFor,
} from "../loops.ts";
import { mostPieces } from "../plan.ts";
import { isDense, summedAtOnce, tileChunks, tileSlices } from "./tiles.ts";
import { EXACT_STEPS } from "../../constants.ts";
import type { GpuContext } from "../context.ts";

/** One atom batch of a group: turns begin ≤ turn < end of the group's own. */
interface AtomBatch {
  begin: number;
  end: number;
}

/**
 * Updates a group's atoms, batch after batch, with their codes and the residual; `memory` is how much of what earlier
 * sample batches weigh in an atom still counts.
 */
export function updateGroup(
  context: GpuContext,
  index: number,
  rows: number,
  { atomBatch, memory = 0 }: { atomBatch: number; memory?: number },
): void {
  const { plan, spec } = context, group = plan.groups[index];
  context.runner.stage("update");
  for (let begin = 0; begin < group.atoms;) {
    const end = Math.min(begin + atomBatch, group.atoms);
    if (spec.exact) {
      for (let turn = begin; turn < end; turn++) {
        powerStepsToConvergence(context, rows, { turn, memory });
      }
    } else {
      // A batch larger than memory was planned for, or than tiles take, goes through the sums in pieces: the residual stands
      // still meanwhile.
      const { tuning } = context.kernelContext;
      const atOnce = Math.min(
        plan.atomBatch,
        summedAtOnce(group.tiles, group, end - begin, tuning),
      );
      for (let at = begin; at < end; at += atOnce) {
        const part = { begin: at, end: Math.min(at + atOnce, end) };
        for (let step = 0; step < spec.powerSteps; step++) {
          powerStep(context, index, rows, part, { again: step > 0, memory });
        }
      }
    }
    applyBatch(context, index, rows, { begin, end });
    begin = end;
  }
}

function powerStep(
  context: GpuContext,
  index: number,
  rows: number,
  { begin, end }: { begin: number; end: number },
  { again, memory }: { again: boolean; memory: number },
): void {
  const { buffers, kernels, plan, runner, kernelContext, spec } = context;
  const group = plan.groups[index];
  const lists = {
    R: buffers.rows,
    values: buffers.values,
    lists: buffers.atomLists,
    sums: buffers.sums,
    alongs: buffers.alongs,
    N: buffers.next,
    updates: buffers.updates,
  };
  const batch = end - begin,
    dense = !again && group.tiles &&
      isDense(group.tiles, group, batch, kernelContext.tuning);
  const chunks = dense ? sumByTiles(context, index, rows, { begin, end }) : 0;
  if (!dense) {
    const most = mostPieces(rows, group.sparsity, batch);
    const share = batch / group.atoms;
    runner.run(
      again ? kernels.atomSumPower! : kernels.atomSum,
      lists,
      { begin, end },
      workersFor(
        kernelContext.tuning,
        most,
        pieceTurns(spec.width, again),
        2 * mostPieces(rows, share * group.sparsity, batch),
      ),
    );
  }
  runner.run(
    kernels.atomNormalise,
    {
      ...lists,
      D: buffers.dictionary,
      weights: buffers.weights,
    },
    { begin, end, again: again ? 1 : 0, memory, chunks },
    end - begin,
  );
}

// Sums a batch of which rows use several atoms; returns the chunks of rows that each atom's sum is in.
function sumByTiles(
  context: GpuContext,
  index: number,
  rows: number,
  { begin, end }: { begin: number; end: number },
): number {
  const { buffers, kernels, plan, runner, spec } = context;
  const { block, blocks, chunk, chunks } = tileChunks(rows, plan.sortBlocks);
  runner.run(
    kernels.groups[index].tiles!,
    {
      R: buffers.rows,
      lists: buffers.atomLists,
      counts: buffers.counts,
      entries: buffers.entries,
      sums: buffers.sums,
      alongs: buffers.alongs,
    },
    { rows, begin, end, keys: plan.groups[index].atoms, block, blocks, chunk },
    [tileSlices(spec.width), chunks],
  );
  return chunks;
}

function powerStepsToConvergence(
  context: GpuContext,
  rows: number,
  { turn, memory }: { turn: number; memory: number },
): void {
  const { buffers, kernels, runner } = context;
  const { loopBudget } = context.kernelContext.tuning;
  const atOnce = exactStepsAtOnce(loopBudget, rows, buffers.rows.stride);
  for (let step = 0; step < EXACT_STEPS; step += atOnce) {
    runner.run(
      kernels.atomExact!,
      {
        R: buffers.rows,
        values: buffers.values,
        lists: buffers.atomLists,
        D: buffers.dictionary,
        N: buffers.next,
        updates: buffers.updates,
        trial: buffers.ranks,
        weights: buffers.weights,
      },
      {
        turn,
        memory,
        begin: step,
        end: Math.min(step + atOnce, EXACT_STEPS),
      },
      1,
    );
  }
}

function applyBatch(
  context: GpuContext,
  index: number,
  rows: number,
  { begin, end }: AtomBatch,
): void {
  const { buffers, kernels, plan, runner, kernelContext, spec } = context;
  const group = plan.groups[index];
  runner.run(
    kernels.groups[index].apply,
    {
      R: buffers.rows,
      indices: buffers.indices,
      values: buffers.values,
      D: buffers.dictionary,
      N: buffers.next,
      turns: buffers.turns,
      updates: buffers.updates,
      lists: buffers.batchLists,
    },
    { first: group.start, begin, end, slot: group.slot },
    workersFor(
      kernelContext.tuning,
      rows,
      applyTurns(group.sparsity, spec.width),
    ),
  );
}
