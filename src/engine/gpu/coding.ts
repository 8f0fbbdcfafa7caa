import type { GpuContext } from "./context.ts";
import { correlate } from "./stages/correlate.ts";
import { pursueByProducts } from "./stages/products.ts";
import { pursue } from "./stages/pursue.ts";
import { refineSupports } from "./stages/refine.ts";
import { subtractCodes } from "./stages/residual.ts";
import { takeLargest } from "./stages/largest.ts";
import { codingRuns } from "./stages/runs.ts";
import { needsCoefficients, refit } from "./stages/solve.ts";

/**
 * Codes rows of the sample batch over one group: correlations and pursuit, as many rows at a time as the plan says,
 * then the residual R ← R − X·D of all of them. The largest correlations alone leave the rows as they are.
 *
 * @param most nonzeros a row, the group's own number at most
 */
export function codeGroup(
  context: GpuContext,
  index: number,
  rows: number,
  ridge: number,
  most: number = context.plan.groups[index].sparsity,
  shrink = 0,
): void {
  if (context.plan.form === "correlations") {
    return takeLargest(context, index, rows);
  }
  for (const run of codingRuns(context, rows)) {
    const byProducts = context.plan.form === "product";
    const solves = needsCoefficients(context.spec, ridge + shrink);
    if (byProducts) pursueByProducts(context, index, run, most);
    if (!byProducts || solves) correlate(context, index, run);
    if (!byProducts) pursue(context, index, run, most);
    if (context.spec.coder.refine) refineSupports(context, index, run);
    if (solves) refit(context, index, run, ridge, shrink);
  }
  subtractCodes(context, index, rows);
}
