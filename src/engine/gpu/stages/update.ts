import applyText from "../../../../kernels/apply.wgsl" with { type: "text" };
import normaliseText from "../../../../kernels/atom_normalise.wgsl" with {
  type: "text",
};
import sumText from "../../../../kernels/atom_sum.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import { VANISHING_NORM } from "../../../thresholds.ts";
import type { GpuContext } from "../context.ts";
import {
  FEWEST_LANES,
  rowKernel,
  stageKernels,
  type StageSetup,
  workersFor,
} from "./common.ts";
import { exactKernel, turnToConvergence } from "./exact.ts";
import { LIST_PIECE } from "./lists.ts";
import { isDense, sumByTiles, summedAtOnce } from "./tiles.ts";

/** Updates atoms by power steps, and codes and residual with them. */
export const UPDATE = stageKernels({
  shared: (setup) => ({
    atomSum: sumKernel(setup, false),
    atomSumPower: setup.spec.powerSteps > 1
      ? sumKernel(setup, true)
      : undefined,
    atomNormalise: rowKernel(
      setup.context,
      { name: "atomNormalise", text: normaliseText },
      setup.spec.width,
      {
        sums: setup.plan.sums,
        D: setup.plan.dictionary,
        N: setup.plan.dictionary,
      },
      { LISTKEYS: setup.spec.atoms, VANISHING: VANISHING_NORM },
    ),
    atomExact: setup.spec.exact ? exactKernel(setup) : undefined,
  }),
  each: ({ context, spec, plan }, { sparsity }) => ({
    apply: rowKernel(
      context,
      { name: "apply", text: applyText },
      spec.width,
      { R: plan.rows, D: plan.dictionary, N: plan.dictionary },
      {
        K: sparsity,
        KT: spec.coder.sparsity,
        LISTKEYS: spec.atoms,
        MANYWORDS: sparsity > 32,
        NONNEGATIVE: spec.coder.nonnegative,
      },
    ),
  }),
});

/** Most threads that work on a row. */
const MOST_ROW_THREADS = 256;

// Sums of the pieces of atoms' lists, by the codes or (again) by what they are along the direction so far.
function sumKernel(
  { context, spec, plan }: StageSetup,
  again: boolean,
): KernelSource {
  return rowKernel(
    context,
    { name: "atomSum", text: sumText },
    spec.width,
    {
      R: plan.rows,
      sums: plan.sums,
      ...(again ? { N: plan.dictionary } : {}),
    },
    {
      KT: spec.coder.sparsity,
      LISTKEYS: spec.atoms,
      PIECE: LIST_PIECE,
      POWER: again,
    },
  );
}

/**
 * Pieces of atom lists that one atom batch can have: bound by the codes there are, and by every row using every atom
 * of it.
 */
export function mostPieces(
  rows: number,
  sparsity: number,
  atomBatch: number,
): number {
  return Math.min(
    Math.floor(rows * sparsity / LIST_PIECE),
    atomBatch * Math.ceil(rows / LIST_PIECE),
  ) + atomBatch;
}

// Turns of the loops over one row of an atom batch, at most, with a reduction for each of its k nonzeros.
function applyTurns(sparsity: number, width: number): number {
  return sparsity * (2 + reductionTurns(width));
}

// Turns of the loops over one piece of an atom's list, with a reduction for each entry in later power steps.
function pieceTurns(width: number, again: boolean): number {
  return 20 + LIST_PIECE * (again ? 1 + reductionTurns(width) : 1 / 4);
}

function reductionTurns(width: number): number {
  return Math.ceil(Math.min(width / 4, MOST_ROW_THREADS) / FEWEST_LANES);
}

/** One atom batch of a group: turns begin ≤ turn < end of the group's own. */
export interface AtomBatch {
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
        const { atomExact } = context.kernels.shared(UPDATE);
        turnToConvergence(context, atomExact!, rows, { turn, memory });
      }
    } else {
      for (const part of atOnce(context, index, { begin, end })) {
        for (let step = 0; step < spec.powerSteps; step++) {
          const again = step > 0;
          const chunks = sumBatch(context, index, rows, part, again);
          normaliseBatch(context, part, { again, memory, chunks });
        }
      }
    }
    applyBatch(context, index, rows, { begin, end });
    begin = end;
  }
}

/**
 * Cuts a batch that is larger than memory was planned for, or than tiles take, into parts whose sums are held at a
 * time: the residual stands still meanwhile.
 */
export function atOnce(
  { plan, kernelContext: { tuning } }: GpuContext,
  index: number,
  { begin, end }: AtomBatch,
): AtomBatch[] {
  const group = plan.groups[index];
  const size = Math.min(
    plan.atomBatch,
    summedAtOnce(group.tiles, group, end - begin, tuning),
  );
  return Array.from({ length: Math.ceil((end - begin) / size) }, (_, i) => {
    const at = begin + i * size;
    return { begin: at, end: Math.min(at + size, end) };
  });
}

/**
 * Σ x_i R_i over the pieces of a batch's lists, by the codes or (again) by what they are along the directions so far.
 *
 * @returns the chunks of rows that each atom's sum is in, 0 where it is in pieces
 */
export function sumBatch(
  context: GpuContext,
  index: number,
  rows: number,
  { begin, end }: AtomBatch,
  again: boolean,
): number {
  const { buffers, kernels, plan, runner, kernelContext, spec } = context;
  const { atomSum, atomSumPower } = kernels.shared(UPDATE);
  const group = plan.groups[index], batch = end - begin;
  const { tuning } = kernelContext;
  if (!again && group.tiles && isDense(group.tiles, group, batch, tuning)) {
    return sumByTiles(context, index, rows, { begin, end });
  }
  const most = mostPieces(rows, group.sparsity, batch);
  const share = batch / group.atoms;
  runner.run(
    again ? atomSumPower! : atomSum,
    {
      R: buffers.rows,
      values: buffers.values,
      lists: buffers.atomLists,
      sums: buffers.sums,
      alongs: buffers.alongs,
      N: buffers.next,
      updates: buffers.updates,
    },
    { begin, end },
    workersFor(
      tuning,
      most,
      pieceTurns(spec.width, again),
      2 * mostPieces(rows, share * group.sparsity, batch),
    ),
  );
  return 0;
}

/** New directions of a batch's atoms, and their weights, from their sums. */
export function normaliseBatch(
  { buffers, kernels, runner }: GpuContext,
  { begin, end }: AtomBatch,
  { again, memory, chunks }: {
    /** False in a batch's first power step. */
    again: boolean;
    memory: number;
    /** As {@linkcode sumBatch} gave. */
    chunks: number;
  },
): void {
  runner.run(
    kernels.shared(UPDATE).atomNormalise,
    {
      sums: buffers.sums,
      alongs: buffers.alongs,
      lists: buffers.atomLists,
      D: buffers.dictionary,
      N: buffers.next,
      updates: buffers.updates,
      weights: buffers.weights,
    },
    { begin, end, again: again ? 1 : 0, memory, chunks },
    end - begin,
  );
}

/** New codes and residual of the rows that a batch touches. */
export function applyBatch(
  context: GpuContext,
  index: number,
  rows: number,
  { begin, end }: AtomBatch,
): void {
  const { buffers, kernels, plan, runner, kernelContext, spec } = context;
  const group = plan.groups[index];
  runner.run(
    kernels.group(UPDATE, index).apply,
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
