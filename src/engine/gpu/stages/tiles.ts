import text from "../../../../kernels/atom_tiles.wgsl" with { type: "text" };
import type { DeviceLimits } from "../../../gpu/device.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { EngineSpec } from "../../engine.ts";
import type { GpuContext } from "../context.ts";
import type { TileLayout } from "../layout.ts";
import type { Tuning } from "../tuning.ts";
import { stageKernels, type StageSetup } from "./common.ts";

/** Sums dense atom batches tile by tile; nothing where a group can have none. */
export const TILES = stageKernels({
  each: (setup, { tiles }) => ({ tiles: tiles && tileKernel(setup, tiles) }),
});

/** Elements of a tile's row: with four floats each, a line of memory. */
const ACROSS = 8;

/** Atoms a thread holds sums of: more would leave a card fewer threads than it needs to wait for memory. */
const ATOMS = 4;

/** Rows of a chunk at least: part of the result's rounding, so the same on every adapter. */
const CHUNK_ROWS = 2048;

/** Rows of a tile at most, */
const DEEP = 128;

/** and rows that a thread brings in at most: SwiftShader takes minutes over a kernel with more of them unrolled. */
const LOADS = 8;

/**
 * The layout for a group's default atom batches; `undefined` where rows do not use several atoms of one, or no room
 * is.
 */
export function tileLayout(
  { sampleBatch, exact }: EngineSpec,
  group: { atoms: number; sparsity: number },
  limits: DeviceLimits,
  { denseUses }: Tuning,
): TileLayout | undefined {
  const threads = Math.min(256, limits.workgroupSize);
  const crews = threads / ACROSS;
  const deep = Math.min(DEEP, LOADS * crews);
  const batch = Math.min(ATOMS * crews, group.atoms);
  const uses = group.sparsity * batch / group.atoms;
  const fits = 8 * sampleBatch * group.sparsity <= limits.binding &&
    16 * ACROSS * deep <= limits.workgroupMemory &&
    threads % ACROSS === 0 && deep % crews === 0;
  return fits && !exact && uses >= denseUses
    ? { threads, crews, batch, deep }
    : undefined;
}

/** True where an atom batch is summed by tiles. */
export function isDense(
  { batch: most }: TileLayout,
  group: { atoms: number; sparsity: number },
  batch: number,
  { denseUses }: Tuning,
): boolean {
  return batch <= most &&
    group.sparsity * batch / group.atoms >= denseUses;
}

/** Atoms of a batch that are summed at a time: as many as tiles take, where it is so dense that they pay. */
export function summedAtOnce(
  tiles: TileLayout | undefined,
  group: { atoms: number; sparsity: number },
  batch: number,
  tuning: Tuning,
): number {
  if (tiles === undefined) return batch;
  const some = Math.min(batch, tiles.batch);
  return isDense(tiles, group, some, tuning) ? some : batch;
}

// Chunks that rows fall into, of so many sort blocks each.
function tileChunks(
  rows: number,
  sortBlocks: number,
): { block: number; blocks: number; chunk: number; chunks: number } {
  const block = Math.ceil(rows / sortBlocks);
  const blocks = Math.ceil(rows / block);
  const chunk = Math.ceil(CHUNK_ROWS / block);
  return { block, blocks, chunk, chunks: Math.ceil(blocks / chunk) };
}

/** Sums that a dense batch of a group is made of, at most. */
export function tileSums(
  { tiles }: { tiles?: TileLayout | undefined },
  rows: number,
): number {
  return (tiles?.batch ?? 0) * Math.ceil(rows / CHUNK_ROWS);
}

// The kernel that sums dense atom batches.
function tileKernel(
  { spec: { width }, plan }: StageSetup,
  { threads, crews, deep }: TileLayout,
): KernelSource {
  return {
    name: "atomTiles",
    text,
    values: {
      WG: threads,
      ACROSS,
      CREWS: crews,
      DEEP: deep,
      LOADS: deep / crews,
      ATOMS,
      N4: Math.ceil(width / 4),
    },
    matrices: { R: plan.rows, sums: plan.sums },
  };
}

/** Sums a batch of which rows use several atoms; returns the chunks of rows that each atom's sum is in. */
export function sumByTiles(
  context: GpuContext,
  index: number,
  rows: number,
  { begin, end }: { begin: number; end: number },
): number {
  const { buffers, kernels, plan, runner } = context;
  const { block, blocks, chunk, chunks } = tileChunks(rows, plan.sortBlocks);
  runner.run(
    kernels.group(TILES, index).tiles!,
    {
      R: buffers.rows,
      lists: buffers.atomLists,
      counts: buffers.counts,
      entries: buffers.entries,
      sums: buffers.sums,
      alongs: buffers.alongs,
    },
    { rows, begin, end, keys: plan.groups[index].atoms, block, blocks, chunk },
    [Math.ceil(buffers.rows.stride / ACROSS), chunks],
  );
  return chunks;
}
