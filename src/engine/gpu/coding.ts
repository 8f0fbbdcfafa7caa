import { readBack } from "../../gpu/readback.ts";
import type { Codes } from "../engine.ts";
import type { GpuContext } from "./context.ts";
import { unpackPairs } from "./padding.ts";
import { correlate } from "./stages/correlate.ts";
import { pursueByProducts } from "./stages/products.ts";
import { pursue } from "./stages/pursue.ts";
import { refineSupports } from "./stages/refine.ts";
import { subtractCodes } from "./stages/residual.ts";
import { takeLargest } from "./stages/largest.ts";
import { codingRuns } from "./stages/runs.ts";
import { needsCoefficients, refit } from "./stages/solve.ts";

/** How rows are coded where not as the spec says. */
export interface Coding {
  /** λ and α of the coefficients. */
  ridge?: number | undefined;
  shrink?: number | undefined;
  /** Nonzeros a row, the group's own number at most. */
  most?: number | undefined;
  /** In place of the coder's. */
  threshold?: number | undefined;
}

/**
 * Codes rows of the sample batch over one group: correlations and pursuit, as many rows at a time as the plan says,
 * then the residual R ← R − X·D of all of them. The largest correlations alone leave the rows as they are.
 */
export function codeGroup(
  context: GpuContext,
  index: number,
  rows: number,
  coding: Coding = {},
): void {
  const { ridge = 0, shrink = 0 } = coding;
  const { most = context.plan.groups[index].sparsity } = coding;
  const { threshold = context.spec.coder.threshold ?? 0 } = coding;
  const limits = { most, threshold };
  if (context.plan.form === "correlations") {
    return takeLargest(context, index, rows);
  }
  for (const run of codingRuns(context, rows)) {
    const byProducts = context.plan.form === "product";
    const solves = needsCoefficients(context.spec, ridge + shrink);
    if (byProducts) pursueByProducts(context, index, run, limits);
    if (!byProducts || solves) correlate(context, index, run);
    if (!byProducts) pursue(context, index, run, limits);
    if (context.spec.coder.refine) refineSupports(context, index, run);
    if (solves) refit(context, index, run, ridge, shrink);
  }
  subtractCodes(context, index, rows);
}

/** Reads codes of the rows of the sample batch back, in units of the rows as they were given. */
export async function downloadCodes(
  { gpu, runner, spec, buffers }: GpuContext,
  rows: number,
): Promise<Codes> {
  const { coder, normalisation } = spec;
  const slots = 4 * rows * coder.sparsity;
  const range = (buffer: GPUBuffer, bytes: number) => ({
    buffer,
    offset: 0,
    bytes,
  });
  const [indices, values, pairs] = await readBack(gpu, runner, [
    range(buffers.indices, slots),
    range(buffers.values, slots),
    range(buffers.energies, 8 * rows),
  ]);
  runner.clock.forget();
  const [left, whole] = unpackPairs(new Float32Array(pairs));
  const { scale } = normalisation;
  return {
    rows,
    sparsity: coder.sparsity,
    indices: new Uint32Array(indices),
    values: new Float32Array(values).map((value) => value / scale),
    residual: left.map((e, i) => whole[i] > 0 ? e / whole[i] : 0),
  };
}
