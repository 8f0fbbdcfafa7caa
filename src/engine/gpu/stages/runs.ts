import { partRuns } from "../../../gpu/matrix.ts";
import type { GpuContext } from "../context.ts";
import { correlationElements } from "../layout.ts";
import type { Tuning } from "../tuning.ts";

/** Rows that are coded together: inside one part of the matrix, and as many as the plan says. */
export interface CodingRun {
  /** First row of the sample batch. */
  row: number;
  rows: number;
  part: number;
  /** First row inside the part. */
  offset: number;
}

/** Cuts the sample batch into runs whose correlations fit. */
export function codingRuns(
  { buffers, plan }: GpuContext,
  rows: number,
): CodingRun[] {
  const runs: CodingRun[] = [];
  for (let first = 0; first < rows; first += plan.chunkRows) {
    const chunk = Math.min(plan.chunkRows, rows - first);
    for (const run of partRuns(buffers.rows, first, chunk)) {
      const { part, offset } = run;
      runs.push({ row: first + run.from, rows: run.rows, part, offset });
    }
  }
  return runs;
}

/** Rows begin ≤ row < end of a run that one dispatch works on, by so many workgroups. */
export interface Share {
  begin: number;
  end: number;
  groups: number;
}

/**
 * One workgroup a row; where scratch memory is scarce, a fixed number that take rows in turn, as many as loops may
 * take.
 *
 * @param scarce true where workgroups share scratch memory
 * @param turns that the loops take for one row, at most
 */
export function shareOut(
  { scratchWorkers, loopBudget }: Tuning,
  { rows }: CodingRun,
  scarce: boolean,
  turns: number,
): Share[] {
  if (!scarce) return [{ begin: 0, end: rows, groups: rows }];
  const each = Math.max(1, Math.floor(loopBudget / turns));
  const most = Math.min(rows, scratchWorkers * each);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    const begin = i * most, end = Math.min(begin + most, rows);
    return { begin, end, groups: Math.min(scratchWorkers, end - begin) };
  });
}

/** What kernels that code rows from correlations bind. */
export function codeBuffers({ buffers }: GpuContext, index: number) {
  return {
    A: buffers.correlations,
    G: buffers.grams[index],
    H: buffers.halves[index],
    bounds: buffers.bounds,
    energies: buffers.energies,
    indices: buffers.indices,
    values: buffers.values,
    factors: buffers.factors,
  };
}

/** Where a pursuit of a row ends. */
export interface PursuitLimits {
  /** Nonzeros a row. */
  most: number;
  /** What a candidate's correlation has to exceed. */
  threshold: number;
}

/** What dials a pursuit's choice: where the atoms' factors lie, and what joins the pivots. */
export function choiceOf(
  { plan, spec }: GpuContext,
  index: number,
): { weights: number; selection: number } {
  const { weightsAt } = correlationElements(plan, plan.chunkRows);
  const { selectionRidge = 0 } = spec.coder;
  return { weights: weightsAt[index], selection: selectionRidge };
}

/** Puts the atoms' factors in the choice where pursuits look for them; those of padding are 1. */
export function uploadChoice(context: GpuContext): void {
  const { runner, buffers, plan, spec: { coder } } = context;
  if (!plan.weighted) return;
  plan.groups.forEach(({ start, atoms, layout }, index) => {
    const padded = new Float32Array(4 * layout.stride).fill(1);
    padded.set(coder.weights!.subarray(start, start + atoms));
    const { weights } = choiceOf(context, index);
    runner.upload(buffers.correlations, padded, 16 * weights);
  });
}

/** Where a run's codes over a group lie. */
export function placeOf(
  { plan }: GpuContext,
  index: number,
  { row }: CodingRun,
): { row: number; slot: number; atom: number } {
  const { slot, start } = plan.groups[index];
  return { row, slot, atom: start };
}
