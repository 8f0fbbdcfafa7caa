import { VANISHING_NORM } from "../thresholds.ts";
import type {
  Engine,
  EngineRows,
  IterationReport,
  IterationStep,
} from "../engine/engine.ts";
import type { GroupEngine, WorstRows } from "../engine/group_engine.ts";
import { DbksvdError } from "../errors.ts";
import { bytesOf } from "../files/safetensors.ts";
import type { Communicator, Summable } from "../distributed/communicator.ts";
import type { GramSharing } from "./gram_sharing.ts";

/** In which type sums travel between ranks. */
export type SumType = "f32" | "f64";

/** A rank's share of a batch. */
export interface Share {
  rows: EngineRows;
  /** Rows of each of the rank's shards. */
  parts: Uint32Array;
}

/**
 * An engine whose iteration can be taken in steps.
 *
 * @throws {DbksvdError} `usage` where this one's cannot
 */
export function groupEngine(engine: Engine): GroupEngine {
  if ("begin" in engine) return engine as GroupEngine;
  throw new DbksvdError("usage", "This engine cannot share a training", {
    mend: "train without --mpi, --shards and --sums, or with --device cpu",
  });
}

/** How a group's iterations go. */
export interface GroupWay {
  /** In which type sums travel. */
  sumType: SumType;
  /** Makes the Gram of the group of atoms that begins at a place; each rank by itself where left out. */
  gram?: Pick<GramSharing, "prepare" | "note"> | undefined;
}

/**
 * One DB-KSVD iteration of all ranks on the union of their shares: the update's sums are added up over the ranks,
 * atom batch by atom batch, and the worst rows are those of all.
 *
 * @param engine this rank's, with the dictionary that all have
 * @param group the ranks
 * @param share this rank's rows
 * @param step the same on all ranks
 * @param way in which type sums travel, and how the Gram is made
 * @returns the report; `rows`, `energy` and the errors are this rank's until {@linkcode addReports}
 */
export async function iterateTogether(
  engine: GroupEngine,
  group: Communicator,
  share: Share,
  step: IterationStep,
  { sumType, gram }: GroupWay,
): Promise<IterationReport> {
  const before = { ...group.spent };
  const { groups, powerSteps } = engine.spec;
  // What travels in float32 is rounded by rank: one part then spares the work of many.
  const parts = sumType === "f64"
    ? share.parts
    : Uint32Array.of(share.rows.rows);
  await engine.begin(share.rows, step, parts);
  for (const { from, to, opens } of atomBatches(groups, step.atomBatch)) {
    if (opens) await gram?.prepare(from);
    let sums = await group.sum(
      travelling(await engine.sums(from, to), sumType),
    );
    for (let power = 1; power < powerSteps; power++) {
      const next = await engine.sums(from, to, sums);
      sums = await group.sum(travelling(next, sumType));
    }
    await engine.apply(from, to, sums);
  }
  const { report, worst } = await engine.finish(step.replace.length);
  if (step.replace.length > 0) {
    const vectors = await worstOfAll(group, worst, {
      width: engine.spec.width,
      count: step.replace.length,
    });
    await engine.replace(step.replace, vectors);
  }
  const { milliseconds, waiting } = group.spent;
  report.stages.waiting = waiting - before.waiting;
  report.stages.sums = milliseconds - before.milliseconds -
    report.stages.waiting;
  report.milliseconds += milliseconds - before.milliseconds;
  await gram?.note(report);
  return report;
}

/** The places of each atom batch in an iteration's order: runs of `atomBatch` in each group, which its first opens. */
export function* atomBatches(
  groups: readonly number[],
  atomBatch: number,
): Generator<{ from: number; to: number; opens: boolean }> {
  let start = 0;
  for (const size of groups) {
    for (let from = start; from < start + size; from += atomBatch) {
      const to = Math.min(from + atomBatch, start + size);
      yield { from, to, opens: from === start };
    }
    start += size;
  }
}

/** What {@linkcode addReports} takes from each rank beside its reports. */
export interface Said {
  /** Rows pulled in to the norm limit since it was last asked. */
  capped: number;
  /** Whether this rank was asked to stop. */
  stop: boolean;
}

/**
 * Adds up over the ranks what their reports tell of their own rows.
 *
 * @param reports of the same iterations on all ranks; changed in place
 * @param said by this rank
 * @returns what was said by all together: pulled-in rows added up, and whether any is to stop
 */
export async function addReports(
  group: Communicator,
  reports: readonly IterationReport[],
  said: Said,
): Promise<Said> {
  const own = new Float64Array(4 * reports.length + 2);
  reports.forEach((report, i) => {
    const { rows, energy, codingError, updatedError } = report;
    own.set([rows, energy, codingError, updatedError], 4 * i);
  });
  own.set([said.capped, said.stop ? 1 : 0], 4 * reports.length);
  const all = await group.sum(own);
  reports.forEach((report, i) => {
    const [rows, energy, codingError, updatedError] = all.subarray(4 * i);
    Object.assign(report, { rows, energy, codingError, updatedError });
  });
  const latest = reports.at(-1);
  if (latest !== undefined) {
    latest.duplicates = await duplicatesOf(group, latest);
  }
  const [capped, stop] = all.subarray(4 * reports.length);
  return { capped, stop: stop > 0 };
}

// As rank 0 found them: where a coherence is at the threshold, processors that round otherwise may differ.
async function duplicatesOf(
  group: Communicator,
  { duplicates }: IterationReport,
): Promise<Uint32Array> {
  if (group.size === 1) return duplicates;
  const own = new Uint8Array(Uint32Array.from(duplicates).buffer);
  const bytes = await group.broadcast(own);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function travelling(
  sums: Float32Array | Float64Array,
  type: SumType,
): Summable {
  if (type === "f32") {
    return (sums instanceof Float32Array
      ? sums
      : new Float32Array(sums)) as Float32Array<ArrayBuffer>;
  }
  return (sums instanceof Float64Array
    ? sums
    : new Float64Array(sums)) as Float64Array<ArrayBuffer>;
}

// Residuals of the worst rows over all ranks, normalised, worst first; of equal ones the lower rank's, then the
// earlier row: the order of rows. Rows without a residual make no atom.
async function worstOfAll(
  group: Communicator,
  { errors, residuals }: WorstRows,
  { width, count }: { width: number; count: number },
): Promise<Float32Array> {
  const own = new Uint8Array(errors.byteLength + residuals.byteLength);
  own.set(bytesOf(errors));
  own.set(bytesOf(residuals), errors.byteLength);
  const all = (await group.gather(own))
    .flatMap((bytes) => rowsWithErrors(bytes, width))
    .filter(({ error }) => Math.sqrt(error) > VANISHING_NORM);
  // A stable sort: what is equal stays in order of rank and row.
  const worst = all.sort((a, b) => b.error - a.error).slice(0, count);
  const vectors = new Float32Array(worst.length * width);
  worst.forEach(({ error, residual }, i) => {
    const norm = Math.sqrt(error);
    residual.forEach((value, p) => vectors[i * width + p] = value / norm);
  });
  return vectors;
}

function rowsWithErrors(
  bytes: Uint8Array<ArrayBuffer>,
  width: number,
): { error: number; residual: Float32Array }[] {
  const { buffer } = bytes.slice();
  const count = buffer.byteLength / (4 * (width + 2));
  const errors = new Float64Array(buffer, 0, count);
  const residuals = new Float32Array(buffer, 8 * count);
  return Array.from(errors, (error, i) => ({
    error,
    residual: residuals.subarray(i * width, (i + 1) * width),
  }));
}
