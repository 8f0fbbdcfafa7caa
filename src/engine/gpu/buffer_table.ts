import type { MatrixShape } from "../../gpu/matrix.ts";
import type { CoderOptions, EngineSpec } from "../engine.ts";
import {
  correlationElements,
  extremes,
  type GpuLayout,
  listWords,
  stepStateWords,
  triangleBytes,
  UPDATE_WORDS,
} from "./layout.ts";

type Sizes<T> = (spec: EngineSpec, plan: GpuLayout) => T;

/** What a buffer counts as in a printed plan: items of the same name are added up. */
interface Named {
  says: string;
}

/** One buffer of so many bytes. */
interface Whole extends Named {
  bytes: Sizes<number>;
}

/** One buffer where `bytes` gives a number, none where it gives none. */
export interface Sometimes extends Named {
  some: Sizes<number | undefined>;
}

/** A matrix, in as many buffers as its parts. */
export interface Split extends Named {
  matrix: Sizes<MatrixShape>;
}

/** Matrices that are worked on in turn and lie in the same buffers; none of them, no buffers. */
export interface Shared extends Named {
  matrices: Sizes<MatrixShape[]>;
}

/** How a row of the table says what it takes. */
export type Row = Whole | Sometimes | Split | Shared;

/**
 * Everything that an engine keeps on the device: what is needed, refused, printed and allocated follows from this table
 * alone. Beside it stand the runner's uniform blocks (512 KiB), and while results are read their staging buffers.
 */
export const BUFFERS = {
  /** Raw rows on their way in. */
  upload: {
    says: "upload",
    bytes: ({ width }, { uploadRows }) => 4 * uploadRows * width,
  },
  /** The mean, padded to whole elements. */
  mean: { says: "small vectors", bytes: (_, { rows }) => 16 * rows.stride },
  /** The sample batch's rows, later its residual. */
  rows: { says: "rows", matrix: (_, { rows }) => rows },
  /** ‖r‖² and ‖y‖² of each row. */
  energies: {
    says: "small vectors",
    bytes: ({ sampleBatch }) => 8 * sampleBatch,
  },
  /** The dictionary, and the one that an iteration makes. */
  dictionary: {
    says: "dictionary, old and new",
    matrix: (_, { dictionary }) => dictionary,
  },
  next: {
    says: "dictionary, old and new",
    matrix: (_, { dictionary }) => dictionary,
  },
  /** One Gram a group. */
  grams: {
    says: "Gram",
    matrices: (_, { form, groups }) =>
      form === "gram" ? groups.map(({ gram }) => gram) : [],
  },
  /** The same in halves, where those are searched. */
  halves: {
    says: "Gram in halves",
    matrices: (_, { form, search, groups }) =>
      form === "gram" && search !== "floats"
        ? groups.map(({ halves }) => halves)
        : [],
  },
  /** By atom, how far its Gram row is off in halves at most, and its greatest coherence with another. */
  bounds: {
    says: "small vectors",
    some: ({ atoms }, { form }) => form === "gram" ? 8 * atoms : undefined,
  },
  /** Correlations of a chunk of rows, then the rows that workgroups work in, then factors in the choice. */
  correlations: {
    says: "correlations",
    bytes: (_, plan) => 16 * correlationElements(plan, plan.chunkRows).elements,
  },
  /** Triangular factors, one for each workgroup that shares scratch memory, or one a row in a pursuit by products. */
  factors: {
    says: "triangular factors",
    some: ({ coder }, plan) => factorBytes(coder.method, plan),
  },
  /** In a pursuit by products: the residuals of a chunk of rows, */
  residuals: {
    says: "residuals in pursuit",
    matrices: (_, plan) => plan.form === "product" ? [chunkShape(plan)] : [],
  },
  /** the state of each of them, */
  states: {
    says: "residuals in pursuit",
    some: (_, plan) =>
      plan.form === "product"
        ? 4 * plan.chunkRows * stepStateWords(extremes(plan).widest)
        : undefined,
  },
  /** and the Gram of a support for each workgroup that solves for coefficients. */
  products: {
    says: "triangular factors",
    some: (_, plan) =>
      plan.form === "product"
        ? plan.scratchWorkers * triangleBytes(extremes(plan).most)
        : undefined,
  },
  /** Codes: atoms, */
  indices: { says: "codes", bytes: (spec) => 4 * slots(spec) },
  /** and coefficients. */
  values: { says: "codes", bytes: (spec) => 4 * slots(spec) },
  /** Atoms by turn, */
  order: { says: "small vectors", bytes: ({ atoms }) => 4 * atoms },
  /** and the turn of each atom. */
  turns: { says: "small vectors", bytes: ({ atoms }) => 4 * atoms },
  /** The rank of each slot in its atom's list; in exact mode the trial coefficients of an atom's rows. */
  ranks: { says: "atom lists", bytes: (spec, plan) => 4 * entries(spec, plan) },
  /** How often each block of rows uses each atom, */
  counts: {
    says: "tallies",
    bytes: ({ atoms }, { sortBlocks }) => 4 * sortBlocks * atoms,
  },
  /** and which row was the last to be counted there. */
  seen: {
    says: "tallies",
    bytes: ({ atoms }, { sortBlocks }) => 4 * sortBlocks * atoms,
  },
  totals: { says: "small vectors", bytes: ({ atoms }) => 4 * atoms },
  /** Slots by atom, */
  atomLists: {
    says: "atom lists",
    bytes: (spec, plan) => 4 * listWords(spec.atoms, entries(spec, plan)).words,
  },
  /** rows by atom batch, */
  batchLists: {
    says: "atom lists",
    bytes: (spec, plan) => 4 * listWords(spec.atoms, entries(spec, plan)).words,
  },
  /** and rows with coefficients by atom, where dense batches are summed by tiles. */
  entries: {
    says: "dense atom lists",
    some: ({ sampleBatch }, { groups }) => {
      const dense = groups.filter(({ tiles }) => tiles !== undefined);
      return dense.length === 0
        ? undefined
        : 8 * sampleBatch * Math.max(...dense.map((g) => g.sparsity));
    },
  },
  /** What earlier batches weigh in each atom. */
  weights: { says: "small vectors", bytes: ({ atoms }) => 4 * atoms },
  /** The state of each atom in the update, by turn: see kernels/lib/update.wgsl. */
  updates: {
    says: "small vectors",
    bytes: ({ atoms }) => 4 * UPDATE_WORDS * atoms,
  },
  sums: { says: "update sums", matrix: (_, { sums }) => sums },
  alongs: { says: "update sums", bytes: (_, { sums }) => 4 * sums.rows },
  usage: { says: "small vectors", bytes: ({ atoms }) => 4 * atoms },
  /** A bit for each near-duplicate. */
  flags: {
    says: "small vectors",
    bytes: ({ atoms }) => 4 * Math.ceil(atoms / 32),
  },
  /** Sums of energies by runs of rows: of the rows, then before and after each group's update. */
  totalsByRun: {
    says: "small vectors",
    bytes: (_, { runs, groups }) => 4 * runs * (1 + 2 * groups.length),
  },
  worst: {
    says: "small vectors",
    bytes: ({ sampleBatch, atoms }) => 4 * Math.min(sampleBatch, atoms),
  },
  replaced: { says: "small vectors", bytes: ({ atoms }) => 4 * atoms },
} satisfies Record<string, Row>;

/** The matrix of a chunk of rows in a pursuit by products. */
export function chunkShape(
  { rows, chunkRows }: Pick<GpuLayout, "rows" | "chunkRows">,
): MatrixShape {
  return { ...rows, rows: chunkRows, rowsPerPart: chunkRows, parts: 1 };
}

function factorBytes(
  method: CoderOptions["method"],
  plan: GpuLayout,
): number | undefined {
  const { groups, form, chunkRows, scratchWorkers } = plan;
  const scarce = groups.filter(({ scratchFactors }) => scratchFactors);
  if (scarce.length === 0) return undefined;
  const most = Math.max(...scarce.map(({ sparsity }) => sparsity));
  const triangles = form === "product" && method === "omp"
    ? Math.max(chunkRows, scratchWorkers)
    : scratchWorkers;
  return triangles * triangleBytes(most);
}

function slots({ sampleBatch, coder }: EngineSpec): number {
  return sampleBatch * coder.sparsity;
}

// Entries of a group's lists at most: every row with all of its slots.
function entries({ sampleBatch }: EngineSpec, plan: GpuLayout): number {
  return sampleBatch * extremes(plan).most;
}
