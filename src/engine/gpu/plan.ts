import type { EngineSpec } from "../engine.ts";
import { DbksvdError } from "../../errors.ts";
import type { DeviceLimits } from "../../gpu/device.ts";
import { LIST_PIECE } from "./stages/common.ts";
import {
  matrixBytes,
  type MatrixShape,
  matrixShape,
} from "../../gpu/matrix.ts";
import { layOutGroups, type PlannedGroup, withoutGram } from "./plan_groups.ts";
import { findProblem, loopProblem } from "./plan_problem.ts";
import { stepStateWords } from "./stages/pursue.ts";
import { tileSums } from "./stages/tiles.ts";
import type { GramSearch, Tuning } from "./tuning.ts";

/** Something that takes device memory. */
export interface PlannedBuffer {
  name: string;
  bytes: number;
}

/**
 * How rows are coded: `gram`, from a Gram matrix kept on the device; `product`, from the residuals' product with the atoms,
 * anew in every step of the pursuit: for k so large that Gram rows cost more, and where a Gram does not fit.
 */
export type CodingForm = "gram" | "product";

/** What an engine will keep on the device, worked out before anything is allocated. */
export interface GpuPlan {
  form: CodingForm;
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
  /** Rows behind them that workgroups work in. */
  scratchRows: number;
  /** Blocks of rows in the counting sort, at most. */
  sortBlocks: number;
  /** Rows of one upload. */
  uploadRows: number;
  buffers: PlannedBuffer[];
  /** Bytes of all buffers. */
  needed: number;
  /** Bytes that may be taken. */
  had: number;
}

/** Bytes of one upload: larger ones, and many before a submit, are slower. */
const UPLOAD_BYTES = 32 * 2 ** 20;

/** Of the Gram rows that an exact OMP would read, pruning leaves this share at most, as a rule: see tasks/bench/RESULTS.md. */
const PRUNED_SHARE = 0.7;

/** Correlations take this share of the device's memory at most; the rest of a sample batch waits its turn. */
const CORRELATION_SHARE = 1 / 4;

/** Sums of an atom batch take this share at most; the rest of the batch waits its turn. */
const SUM_SHARE = 1 / 16;

/** Chunks of correlations are multiples of this many rows, so that they start where tiles do. */
const CHUNK_ROWS = 128;

/** Tallies of the counting sort take this many bytes at most. */
const SORT_BYTES = 64 * 2 ** 20;

/** The Gram that an engine searches: what the user allows, and else what is fastest and exact. */
export function gramSearch(spec: EngineSpec, tuning: Tuning): GramSearch {
  return spec.gram === "f16" ? "halves" : tuning.search;
}

/**
 * Works out what an engine keeps on the device.
 *
 * @param spec what the engine is for
 * @param limits of the device, or lower
 * @param tuning the adapter's
 * @throws {DbksvdError} `device`, where it cannot fit, with the numbers and what would
 */
export function planGpu(
  spec: EngineSpec,
  limits: DeviceLimits,
  tuning: Tuning,
): GpuPlan {
  const plans = formsFor(spec, tuning)
    .map((form) => layOut(spec, limits, tuning, form));
  const fitting = plans.find((plan) => findProblem(plan, limits) === undefined);
  if (fitting !== undefined) {
    const problem = loopProblem(spec, fitting, tuning);
    if (problem === undefined) return fitting;
    const mend = spec.coder.refine
      ? "lower --refine, or use --device cpu"
      : "use --device cpu";
    throw new DbksvdError("device", problem, { mend });
  }
  const least = plans.reduce((a, b) => b.needed < a.needed ? b : a);
  throw new DbksvdError("device", findProblem(least, limits)!, {
    mend: suggest(spec, limits, tuning),
  });
}

// The forms that can carry the coding out, the better one first. Refinement needs a Gram, whatever the memory: what a run
// gives may not depend on the card.
function formsFor(spec: EngineSpec, tuning: Tuning): CodingForm[] {
  if (spec.coder.refine) return ["gram"];
  return prefersProduct(spec, tuning)
    ? ["product", "gram"]
    : ["gram", "product"];
}

// Whether a step costs less as a product than as Gram rows: half the steps' rows of the Gram against a product with the
// atoms and half the steps' atoms, twice.
function prefersProduct(
  { width: n, atoms: m, coder }: EngineSpec,
  { search, pruned, rates }: Tuning,
): boolean {
  if (coder.method === "mp") return false;
  const half = coder.sparsity / 2, bytes = search === "floats" ? 4 : 2;
  const read = pruned ? PRUNED_SHARE : 1;
  const gram = half * m * bytes * read / rates.cacheBytes;
  const product = 2 * n * m / rates.flops + half * n * 8 / rates.cacheBytes;
  return product < gram;
}

function layOut(
  spec: EngineSpec,
  limits: DeviceLimits,
  tuning: Tuning,
  form: CodingForm,
): GpuPlan {
  const { width, atoms: m, sampleBatch: rows } = spec;
  const n4 = Math.ceil(width / 4);
  const matrix = (count: number, stride: number) =>
    matrixShape(count, stride, "vec4<f32>", limits.binding);
  const planned = layOutGroups(spec, limits, tuning);
  const groups = form === "gram"
    ? planned
    : planned.map((group) => withoutGram(tuning.scratchWorkers, group));
  const widest = Math.max(...groups.map((g) => g.layout.stride)) * 16;
  const most = Math.max(...groups.map((g) => g.sparsity));
  const scratchRows = Math.max(...groups.map(({ scratch }) => scratch.rows));
  const room = Math.min(
    limits.binding - scratchRows * widest,
    limits.memory * CORRELATION_SHARE,
  );
  const inProduct = productRowBytes(spec, widest, most);
  const chunkRows = roundChunk(
    rows,
    Math.floor(
      room / (form === "gram" ? widest : Math.max(widest, ...inProduct)),
    ),
  );
  const sortBlocks = Math.max(
    1,
    Math.min(
      tuning.sortBlocks,
      Math.ceil(rows / 32),
      Math.floor(SORT_BYTES / (4 * m)),
    ),
  );
  const atomBatch = plannedAtomBatch(spec, most, limits);
  const pieces = Math.max(
    mostPieces(rows, most, atomBatch),
    ...groups.map((group) => tileSums(group, rows)),
  );
  const plan = {
    form,
    atomBatch,
    groups,
    rows: matrix(rows, n4),
    dictionary: matrix(m, n4),
    sums: matrix(pieces, n4),
    chunkRows,
    scratchRows,
    sortBlocks,
    uploadRows: Math.max(
      1,
      Math.min(
        rows,
        Math.floor(Math.min(UPLOAD_BYTES, limits.binding) / (4 * width)),
      ),
    ),
  };
  const slots = rows * spec.coder.sparsity * 4, entries = rows * most * 4;
  const gram = form === "product"
    ? 0
    : Math.max(...groups.map((g) => matrixBytes(g.gram)));
  const halves = gramSearch(spec, tuning) === "floats" ? 0 : gram / 2;
  const residuals = form === "gram"
    ? 0
    : chunkRows * inProduct.reduce((sum, bytes) => sum + bytes, 0);
  const buffers = [
    { name: "rows", bytes: matrixBytes(plan.rows) },
    {
      name: "dictionary, old and new",
      bytes: 2 * matrixBytes(plan.dictionary),
    },
    { name: "Gram", bytes: gram },
    { name: "Gram in halves", bytes: halves },
    { name: "correlations", bytes: (chunkRows + scratchRows) * widest },
    { name: "residuals in pursuit", bytes: residuals },
    { name: "codes", bytes: 2 * slots },
    { name: "atom lists", bytes: 2 * entries + 16 * (m + 1) },
    {
      name: "dense atom lists",
      bytes: 8 * rows *
        Math.max(...groups.map((g) => g.tiles === undefined ? 0 : g.sparsity)),
    },
    { name: "tallies", bytes: 8 * sortBlocks * m },
    { name: "update sums", bytes: matrixBytes(plan.sums) },
    {
      name: "pursuit scratch",
      bytes: Math.max(...groups.map(({ scratch }) => scratch.factors)),
    },
    { name: "upload", bytes: plan.uploadRows * width * 4 },
    { name: "row sums and orders", bytes: 12 * rows + 36 * m },
  ];
  const needed = buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  return { ...plan, buffers, needed, had: limits.memory };
}

// Enough for the default B and for small problems in one go; halved while its sums would take too much.
function plannedAtomBatch(
  { atoms, width, sampleBatch }: EngineSpec,
  sparsity: number,
  { memory }: DeviceLimits,
): number {
  let batch = Math.max(Math.floor(atoms / 32), Math.min(atoms, 256));
  const bytes = () => mostPieces(sampleBatch, sparsity, batch) * width * 4;
  while (batch > 1 && bytes() > memory * SUM_SHARE) batch >>= 1;
  return batch;
}

// Bytes for each row in a pursuit by products: its residual, its barred atoms and its triangle.
function productRowBytes(
  { width }: EngineSpec,
  widest: number,
  most: number,
): [number, number, number] {
  return [
    16 * Math.ceil(width / 4),
    4 * stepStateWords(widest / 16),
    2 * most * (most + 1),
  ];
}

function roundChunk(rows: number, fitting: number): number {
  if (fitting >= rows) return rows;
  return Math.max(1, fitting - fitting % CHUNK_ROWS || fitting);
}

/** Pieces of atom lists that one atom batch can have: bound by the codes there are, and by every row using every atom of it. */
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

// Which smaller choices would fit, found by trying them.
function suggest(
  spec: EngineSpec,
  limits: DeviceLimits,
  tuning: Tuning,
): string {
  const fits = (changed: Partial<EngineSpec>) =>
    formsFor({ ...spec, ...changed }, tuning).some((form) =>
      findProblem(
        layOut({ ...spec, ...changed }, limits, tuning, form),
        limits,
      ) === undefined
    );
  const found: string[] = [];
  if (spec.coder.refine && fits({ coder: { ...spec.coder, refine: 0 } })) {
    found.push("--refine 0");
  }
  for (let rows = spec.sampleBatch >> 1; rows >= 256; rows >>= 1) {
    if (!fits({ sampleBatch: rows })) continue;
    found.push(`--sample-batch ${rows}`);
    break;
  }
  for (let atoms = spec.atoms >> 1; atoms >= 64; atoms >>= 1) {
    if (!fits({ atoms, groups: [atoms] })) continue;
    found.push(`--atoms ${atoms}`);
    break;
  }
  return [...found, "--device cpu"].join(", or ");
}
