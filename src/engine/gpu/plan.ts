import { isWeighted } from "../dial.ts";
import type { EngineSpec } from "../engine.ts";
import { DbksvdError } from "../../errors.ts";
import type { DeviceLimits } from "../../gpu/device.ts";
import { matrixShape } from "../../gpu/matrix.ts";
import { lines, needed, type PlannedBuffer } from "./buffers.ts";
import {
  type CodingForm,
  correlationElements,
  extremes,
  type GpuLayout,
  type PlannedGroup,
  scratchRows,
  stepStateWords,
  triangleBytes,
} from "./layout.ts";
import { layOutGroups, withoutGram } from "./plan_groups.ts";
import { loopProblem, problem } from "./plan_problem.ts";
import { tileSums } from "./stages/tiles.ts";
import { mostPieces } from "./stages/update.ts";
import type { GramSearch, Tuning } from "./tuning.ts";

/** How an engine's work is laid out on a device, with what it takes. */
export interface GpuPlan extends GpuLayout {
  buffers: PlannedBuffer[];
  /** Bytes of all buffers. */
  needed: number;
  /** Bytes that may be taken. */
  had: number;
}

/** Bytes of one upload: larger ones, and many before a submit, are slower. */
const UPLOAD_BYTES = 32 * 2 ** 20;

/**
 * Of the Gram rows that an exact OMP would read, pruning leaves this share at most, as a rule: see
 * tasks/bench/RESULTS.md.
 */
const PRUNED_SHARE = 0.7;

/** Correlations take this share of the device's memory at most; the rest of a sample batch waits its turn. */
const CORRELATION_SHARE = 1 / 4;

/** Sums of an atom batch take this share at most; the rest of the batch waits its turn. */
const SUM_SHARE = 1 / 16;

/** Chunks of correlations are multiples of this many rows, so that they start where tiles do. */
const CHUNK_ROWS = 128;

/** Sums over runs of rows that an iteration reads back, at most; float64 on the host finishes them. */
const MOST_SUMS = 3 * 256;

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
  const layouts = formsFor(spec, tuning)
    .map((form) => layOut(spec, limits, tuning, form));
  const fitting = layouts.find((layout) =>
    problem(spec, layout, limits, tuning) === undefined
  );
  if (fitting !== undefined) {
    const stops = loopProblem(spec, fitting, tuning);
    if (stops === undefined) {
      return {
        ...fitting,
        buffers: lines(spec, fitting),
        needed: needed(spec, fitting),
        had: limits.memory,
      };
    }
    const mend = spec.coder.refine
      ? "lower --refine, or use --device cpu"
      : "use --device cpu";
    throw new DbksvdError("device", stops, { mend });
  }
  const least = layouts.reduce((a, b) =>
    needed(spec, b) < needed(spec, a) ? b : a
  );
  throw new DbksvdError("device", problem(spec, least, limits, tuning)!, {
    mend: suggest(spec, limits, tuning),
  });
}

// The forms that can carry the coding out, the better one first. Refinement needs a Gram, whatever the memory: what a
// run gives may not depend on the card.
function formsFor(spec: EngineSpec, tuning: Tuning): CodingForm[] {
  if (spec.coder.method === "correlations") return ["correlations"];
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

/** Lays an engine's work out in one form, whether that fits or not. */
export function layOut(
  spec: EngineSpec,
  limits: DeviceLimits,
  tuning: Tuning,
  form: CodingForm,
): GpuLayout {
  const { width, atoms: m, sampleBatch: rows } = spec;
  const n4 = Math.ceil(width / 4);
  const matrix = (count: number, stride: number) =>
    matrixShape(count, stride, "vec4<f32>", limits.binding);
  const planned = layOutGroups(spec, limits, tuning);
  const groups = form === "gram"
    ? planned
    : planned.map((group) => withoutGram(group, form));
  const weighted = isWeighted(spec.coder);
  const { most } = extremes({ groups });
  const scratchWorkers = fittingWorkers(groups, limits, tuning);
  const atomBatch = plannedAtomBatch(spec, most, limits);
  const pieces = Math.max(
    mostPieces(rows, most, atomBatch),
    ...groups.map((group) => tileSums(group, rows)),
  );
  return {
    form,
    search: gramSearch(spec, tuning),
    atomBatch,
    groups,
    rows: matrix(rows, n4),
    dictionary: matrix(m, n4),
    sums: matrix(pieces, n4),
    chunkRows: fittingRows(spec, limits, {
      form,
      groups,
      scratchWorkers,
      weighted,
    }),
    scratchWorkers,
    weighted,
    sortBlocks: Math.max(
      1,
      Math.min(
        tuning.sortBlocks,
        Math.ceil(rows / 32),
        Math.floor(SORT_BYTES / (4 * m)),
      ),
    ),
    uploadRows: Math.max(
      1,
      Math.min(
        rows,
        Math.floor(Math.min(UPLOAD_BYTES, limits.binding) / (4 * width)),
      ),
    ),
    runs: Math.min(
      Math.ceil(rows / 64),
      Math.max(1, Math.floor(MOST_SUMS / (1 + 2 * groups.length))),
    ),
  };
}

// Workgroups that share scratch memory: fewer where their rows would leave the correlations no room in the binding.
function fittingWorkers(
  groups: PlannedGroup[],
  { binding }: DeviceLimits,
  { scratchWorkers }: Tuning,
): number {
  const each = scratchRows({ groups, scratchWorkers: 1 }) * 16 *
    extremes({ groups }).widest;
  return Math.max(1, Math.min(scratchWorkers, Math.floor(binding / 2 / each)));
}

// Rows whose correlations, and in a pursuit by products whose residuals, are held at a time.
function fittingRows(
  { sampleBatch, width }: EngineSpec,
  { binding, memory }: DeviceLimits,
  plan: Pick<GpuLayout, "form" | "groups" | "scratchWorkers" | "weighted">,
): number {
  const { widest, most } = extremes(plan), rowBytes = 16 * widest;
  const room = Math.min(
    binding - 16 * correlationElements(plan, 0).elements,
    memory * CORRELATION_SHARE,
  );
  const largest = plan.form !== "product" ? rowBytes : Math.max(
    rowBytes,
    16 * Math.ceil(width / 4),
    4 * stepStateWords(widest),
    triangleBytes(most),
  );
  return roundChunk(sampleBatch, Math.floor(room / largest));
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

function roundChunk(rows: number, fitting: number): number {
  if (fitting >= rows) return rows;
  return Math.max(1, fitting - fitting % CHUNK_ROWS || fitting);
}

// Which smaller choices would fit, found by trying them.
function suggest(
  spec: EngineSpec,
  limits: DeviceLimits,
  tuning: Tuning,
): string {
  const fits = (changed: Partial<EngineSpec>) => {
    const other = { ...spec, ...changed };
    return formsFor(other, tuning).some((form) => {
      const layout = layOut(other, limits, tuning, form);
      return problem(other, layout, limits, tuning) === undefined;
    });
  };
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
