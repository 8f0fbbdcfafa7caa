import { Coder } from "./coding.ts";
import { type Context, contextOf, type ThreadStart } from "./context.ts";
import type { Runner } from "./crew.ts";
import { CHUNK_ROWS } from "./layout.ts";
import { PHASE } from "./orders.ts";
import { sumAtom, turnAtom } from "./sharing.ts";
import { gramRows, mirrorRows, packAtoms } from "./products.ts";
import { applyShare, updateAtom } from "./updating.ts";

/** What a thread does with the tasks of every phase. */
export function makeRunner(context: Context): Runner {
  const coder = new Coder(context);
  const work: Record<number, (task: number) => void> = {
    [PHASE.normalise]: (task) => normaliseRows(context, task),
    [PHASE.pack]: (task) => packAtoms(context, task),
    [PHASE.gram]: (task) => gramRows(context, task),
    [PHASE.mirror]: (task) => mirrorRows(context, task),
    [PHASE.code]: (task) => coder.code(task),
    [PHASE.atoms]: (task) => updateAtom(context, task),
    [PHASE.apply]: (task) => applyShare(context, task),
    [PHASE.energies]: (task) => rowEnergies(context, task),
    [PHASE.sums]: (task) => sumAtom(context, task),
    [PHASE.turn]: (task) => turnAtom(context, task),
  };
  return (phase, task) => work[phase](task);
}

/** What a thread other than the owner's is to run. */
export function runnerOf(start: ThreadStart): Runner {
  return makeRunner(contextOf(start));
}

// (y − mean)·scale
function normaliseRows(
  { spec, layout, kernels, orders }: Context,
  task: number,
): void {
  const first = task * CHUNK_ROWS;
  kernels.normalise(
    layout.residual + first * layout.rowBytes,
    layout.mean,
    spec.normalisation.scale,
    Math.min(CHUNK_ROWS, orders.get("rows") - first),
    layout.rowBytes,
  );
}

function rowEnergies(
  { layout, kernels, orders, views }: Context,
  task: number,
): void {
  const first = task * CHUNK_ROWS;
  const last = Math.min(first + CHUNK_ROWS, orders.get("rows"));
  for (let row = first; row < last; row++) {
    const r = layout.residual + row * layout.rowBytes;
    views.errors[row] = kernels.dot(r, r, layout.rowBytes);
  }
}
