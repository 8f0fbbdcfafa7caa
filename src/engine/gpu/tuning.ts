import type { AdapterSummary, DeviceLimits } from "../../gpu/device.ts";

/** The tile of a matrix product and what of it a thread holds. */
export interface ProductTile {
  /** Rows and columns of a workgroup's tile, and the depth of one step. */
  rows: number;
  columns: number;
  depth: number;
  /** Rows and columns of a thread's results. */
  threadRows: number;
  threadColumns: number;
}

/**
 * The Gram that a pursuit searches: `floats`, the f32 one; `verified`, a copy in halves, with every choice that its
 * error could change settled in f32, so that supports are the exact ones; `halves`, the copy alone, an approximation.
 */
export type GramSearch = "floats" | "verified" | "halves";

/** Choices that change speed and never results beyond rounding. */
export interface Tuning {
  /** The Gram searched where an exact search is asked for. */
  search: "floats" | "verified";
  /** Leave Gram rows unread that cannot change what an exact OMP chooses. */
  pruned: boolean;
  product: ProductTile;
  /**
   * What the adapter reaches in matrix products and in reading cached Gram rows: decides where k is too large for a
   * Gram.
   */
  rates: { flops: number; cacheBytes: number };
  /**
   * Elements (of four correlations) that a pursuit's thread holds in registers at most; above, they go through
   * memory.
   */
  pursuitElements: number;
  /** Threads of a pursuit's workgroup, at least and at most. */
  pursuitThreads: readonly [number, number];
  /** Elements of a row that a thread holds at most, while threads last. */
  rowElements: number;
  /** Threads of a workgroup that works on a row, at least and at most. */
  rowThreads: readonly [number, number];
  /** Elements of a slice of columns in which the residual is computed; 0 where a workgroup takes whole rows. */
  residualSlice: number;
  /** Workgroups that share a list of work among them. */
  workers: number;
  /** Workgroups that share scratch memory among them. */
  scratchWorkers: number;
  /** Atoms of a batch that a row must use on average for its residual to be summed by tiles, each row read once. */
  denseUses: number;
  /** Blocks of rows in the counting sort. */
  sortBlocks: number;
  /**
   * Turns that the loops of one invocation may take together. Mesa's llvmpipe cuts loops off, silently, after 65 535 of
   * them in all; other drivers have no such limit.
   */
  loopBudget: number;
}

/** Adapter classes: the one place where a choice depends on who made the card. */
export const TUNINGS: Readonly<
  Record<"nvidia" | "software" | "other", Tuning>
> = {
  nvidia: {
    search: "verified",
    pruned: true,
    rates: { flops: 40e12, cacheBytes: 5.5e12 },
    product: {
      rows: 128,
      columns: 128,
      depth: 16,
      threadRows: 8,
      threadColumns: 16,
    },
    pursuitElements: 8,
    pursuitThreads: [128, 1024],
    rowElements: 3,
    rowThreads: [32, 256],
    residualSlice: 8,
    workers: 2048,
    scratchWorkers: 1024,
    denseUses: 1.5,
    sortBlocks: 512,
    loopBudget: Infinity,
  },
  other: {
    search: "verified",
    pruned: true,
    rates: { flops: 5e12, cacheBytes: 1e12 },
    product: {
      rows: 64,
      columns: 64,
      depth: 16,
      threadRows: 8,
      threadColumns: 4,
    },
    pursuitElements: 8,
    pursuitThreads: [64, 256],
    rowElements: 4,
    rowThreads: [64, 256],
    residualSlice: 0,
    workers: 1024,
    scratchWorkers: 256,
    denseUses: 1.5,
    sortBlocks: 128,
    loopBudget: Infinity,
  },
  software: {
    search: "floats",
    pruned: false,
    rates: { flops: 2e9, cacheBytes: 5e9 },
    product: {
      rows: 32,
      columns: 32,
      depth: 8,
      threadRows: 4,
      threadColumns: 4,
    },
    pursuitElements: 16,
    pursuitThreads: [32, 256],
    rowElements: 4,
    rowThreads: [32, 256],
    residualSlice: 0,
    workers: 64,
    scratchWorkers: 16,
    denseUses: Infinity,
    sortBlocks: 64,
    loopBudget: 60000,
  },
};

/** The tuning of an adapter, within its limits; `changes` are what tests and benchmarks try instead. */
export function tuningFor(
  adapter: AdapterSummary,
  limits: DeviceLimits,
  changes: Partial<Tuning> = {},
): Tuning {
  const kind = adapter.software
    ? "software"
    : /nvidia/i.test(`${adapter.vendor} ${adapter.name}`)
    ? "nvidia"
    : "other";
  const tuning = { ...TUNINGS[kind], ...changes };
  const cap = ([least, most]: readonly [number, number]) =>
    [least, Math.min(most, limits.workgroupSize)] as const;
  return {
    ...tuning,
    pursuitThreads: cap(tuning.pursuitThreads),
    rowThreads: cap(tuning.rowThreads),
  };
}

/**
 * Threads, a multiple of 32 between the bounds, so that each has at most `most` of `elements` elements if that can
 * be.
 */
export function threadsFor(
  elements: number,
  most: number,
  [least, greatest]: readonly [number, number],
): number {
  const wanted = 32 * Math.ceil(elements / most / 32);
  return Math.min(Math.max(wanted, least), greatest);
}

/** The greatest power of two under the number of threads: where a reduction in halves begins. */
export function reductionHalf(threads: number): number {
  return threads < 2 ? 0 : 2 ** Math.floor(Math.log2(threads - 1));
}
