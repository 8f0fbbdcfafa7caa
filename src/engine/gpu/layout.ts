import type { MatrixShape } from "../../gpu/matrix.ts";
import type { GramSearch } from "./tuning.ts";

/**
 * How rows are coded: `gram`, from a Gram matrix kept on the device; `product`, from the residuals' product with the
 * atoms, anew in every step of the pursuit: for k so large that Gram rows cost more, and where a Gram does not fit;
 * `correlations`, by no pursuit at all.
 */
export type CodingForm = "gram" | "product" | "correlations";

/** How a pursuit over m atoms is laid out. */
export interface PursuitLayout {
  threads: number;
  /** Elements (of four) of a padded row of correlations. */
  stride: number;
  /** Elements a thread holds in registers; 0 where correlations go through scratch memory. */
  elements: number;
}

/** How a group's dense atom batches are summed: see kernels/atom_tiles.wgsl. */
export interface TileLayout {
  threads: number;
  /** Threads that share a column, each with its own atoms. */
  crews: number;
  /** Atoms of a batch at most. */
  batch: number;
  /** Rows of a tile. */
  deep: number;
}

/** One Matryoshka group (or the only one) as the device works on it. */
export interface PlannedGroup {
  /** First atom. */
  start: number;
  atoms: number;
  sparsity: number;
  /** First code slot of a row. */
  slot: number;
  layout: PursuitLayout;
  /** Its Gram, atoms × stride. */
  gram: MatrixShape;
  /** The same in halves, where those are searched. */
  halves: MatrixShape;
  /** How its dense atom batches are summed, where it can have such. */
  tiles?: TileLayout | undefined;
  /** Rows of correlations that each of the workgroups which share scratch memory keeps behind those of the chunk. */
  scratchRows: number;
  /** True where triangular factors go through scratch memory, one for each of those workgroups. */
  scratchFactors: boolean;
}

/** How an engine's work is laid out on a device; `buffer_table.ts` says what that takes. */
export interface GpuLayout {
  form: CodingForm;
  /** The Gram that is searched. */
  search: GramSearch;
  /** Atoms whose sums are held at a time. */
  atomBatch: number;
  groups: PlannedGroup[];
  /** The sample batch's rows, later its residual. */
  rows: MatrixShape;
  dictionary: MatrixShape;
  /** Sums of the pieces of atom lists, for the atom batch planned for. */
  sums: MatrixShape;
  /** Rows whose correlations are held at a time. */
  chunkRows: number;
  /** True where atoms have factors in the choice: they lie behind the correlations. */
  weighted: boolean;
  /** Workgroups that share scratch memory. */
  scratchWorkers: number;
  /** Blocks of rows in the counting sort, at most. */
  sortBlocks: number;
  /** Rows of one upload. */
  uploadRows: number;
  /** Runs of rows whose energies are summed apart, to be finished in float64 on the host. */
  runs: number;
}

/** Rows of correlations that workgroups keep behind those of the chunk. */
export function scratchRows(
  { groups, scratchWorkers }: Pick<GpuLayout, "groups" | "scratchWorkers">,
): number {
  return scratchWorkers * Math.max(...groups.map((group) => group.scratchRows));
}

/**
 * Elements of the buffer of correlations: rows of the chunk, scratch rows, and factors in the choice, of one group
 * after the other.
 *
 * @returns where each group's factors begin, and how many elements there are in all
 */
export function correlationElements(
  plan: Pick<GpuLayout, "groups" | "scratchWorkers" | "weighted">,
  chunkRows: number,
): { weightsAt: number[]; elements: number } {
  let elements = extremes(plan).widest * (chunkRows + scratchRows(plan));
  const weightsAt = plan.groups.map(({ layout }) => {
    const at = elements;
    if (plan.weighted) elements += layout.stride;
    return at;
  });
  return { weightsAt, elements };
}

/** Words of an atom's state in the update: see kernels/lib/update.wgsl. */
export const UPDATE_WORDS = 5;

/**
 * Words of a buffer of lists: where `keys` keys' lists and pieces begin (see kernels/lib/lists.wgsl), then the
 * entries.
 */
export function listWords(
  keys: number,
  entries: number,
): { entriesAt: number; words: number } {
  const entriesAt = 2 * (keys + 1);
  return { entriesAt, words: entriesAt + entries };
}

/** Words of a row's state in a pursuit by products: ‖r‖², the atoms so far, a bit for each atom that is barred. */
export function stepStateWords(stride: number): number {
  return 2 + Math.ceil(stride / 8);
}

/** Bytes of a triangle of k(k + 1)/2 floats. */
export function triangleBytes(sparsity: number): number {
  return 2 * sparsity * (sparsity + 1);
}

/** Elements of the widest row of correlations, and the most nonzeros, among the groups. */
export function extremes(
  { groups }: Pick<GpuLayout, "groups">,
): { widest: number; most: number } {
  return {
    widest: Math.max(...groups.map(({ layout }) => layout.stride)),
    most: Math.max(...groups.map(({ sparsity }) => sparsity)),
  };
}
