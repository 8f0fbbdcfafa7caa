import { DbksvdError } from "../errors.ts";
import type {
  Engine,
  EngineRows,
  IterationReport,
  IterationStep,
} from "../engine/engine.ts";
import type { GroupEngine, SumWay, WorstRows } from "../engine/group_engine.ts";
import { VANISHING_NORM } from "../thresholds.ts";
import { bytesOf } from "../bytes.ts";
import type { Adding, Summable } from "./communicator.ts";
import type { GramSharing } from "./gram_sharing.ts";

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

/** What is peculiar to one rank of an iteration. */
export interface IterationHere {
  /** Makes the Gram of the group of atoms that begins at a place; each rank by itself where left out. */
  gram?: Pick<GramSharing, "prepare" | "note"> | undefined;
  /**
   * Whether the group adds in place, in the memory of the engine, which threads share. Others get arrays of their own.
   */
  inPlace?: boolean | undefined;
}

/**
 * One DB-KSVD iteration of all ranks on the union of their shares: the update's sums are added up over the ranks,
 * atom batch by atom batch, and the worst rows are those of all.
 *
 * @param engine this rank's, with the dictionary that all have
 * @param group the ranks
 * @param rows this rank's share
 * @param step the same on all ranks
 * @param way parts of the share, and in which type sums travel
 * @param here who makes the Gram, and whether sums may be added where the engine has them
 * @returns the report; `rows`, `energy` and the errors are this rank's
 */
export async function iterateTogether(
  engine: GroupEngine,
  group: Adding,
  rows: EngineRows,
  step: IterationStep,
  way: SumWay,
  { gram, inPlace = false }: IterationHere = {},
): Promise<IterationReport> {
  const before = { ...group.spent };
  const { groups, powerSteps } = engine.spec;
  const travelling = (sums: Float32Array | Float64Array) =>
    summable(sums, way.sumType, inPlace);
  await engine.begin(rows, step, way);
  for (const { from, to, opens } of atomBatches(groups, step.atomBatch)) {
    if (opens) await gram?.prepare(from);
    let sums = await group.sum(travelling(await engine.sums(from, to)));
    for (let power = 1; power < powerSteps; power++) {
      sums = await group.sum(travelling(await engine.sums(from, to, sums)));
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

// Sums of the type that travels, in an array of their own where that matters.
function summable(
  sums: Float32Array | Float64Array,
  type: SumWay["sumType"],
  inPlace: boolean,
): Summable {
  const Kind = type === "f32" ? Float32Array : Float64Array;
  const isOwn = inPlace || sums.buffer instanceof ArrayBuffer;
  return (sums instanceof Kind && isOwn ? sums : new Kind(sums)) as Summable;
}

// Residuals of the worst rows over all ranks, normalised, worst first; of equal ones the lower rank's, then the
// earlier row: the order of rows. Rows without a residual make no atom.
async function worstOfAll(
  group: Adding,
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
