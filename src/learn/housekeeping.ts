import type { IterationReport } from "../engine/engine.ts";

/** No atom is replaced in the last tenth of a training: it would not have time to settle. */
const SETTLING_SHARE = 0.1;

/** Usage of atoms over the last pass, and which of them to replace; part of a checkpoint. */
export interface UsageWindow {
  /** Uses by atom for each of the last iterations, at most a pass of them. */
  recent: Uint32Array[];
  /** For each atom the iteration after which it was last replaced, −1 if never. */
  replacedAt: Int32Array;
}

/** An empty window for m atoms. */
export function emptyWindow(atoms: number): UsageWindow {
  return { recent: [], replacedAt: new Int32Array(atoms).fill(-1) };
}

/** Takes an iteration's usage in; the window keeps one pass. */
export function noteUsage(
  window: UsageWindow,
  report: IterationReport,
  batchesPerPass: number,
): void {
  window.recent.push(report.usage);
  if (window.recent.length > batchesPerPass) window.recent.shift();
}

/** Uses of every atom over the window. */
export function windowUsage(window: UsageWindow, atoms: number): Uint32Array {
  const usage = new Uint32Array(atoms);
  for (const counts of window.recent) {
    for (let j = 0; j < atoms; j++) usage[j] += counts[j];
  }
  return usage;
}

/**
 * Atoms to replace after the next iteration: those used fewer than `minUses` times over a whole pass since they were
 * last replaced, then near-duplicates of others.
 *
 * @param iteration iterations done so far
 * @returns atoms in ascending order within each reason; empty in the last tenth of the training
 */
export function atomsToReplace(
  window: UsageWindow,
  latest: IterationReport,
  when: { iteration: number; iterations: number; batchesPerPass: number },
  minUses: number,
): { dead: number[]; duplicates: number[] } {
  const atoms = window.replacedAt.length;
  if (when.iteration + 1 > when.iterations * (1 - SETTLING_SHARE)) {
    return { dead: [], duplicates: [] };
  }
  const usage = windowUsage(window, atoms);
  const full = window.recent.length >= when.batchesPerPass;
  const settled = (atom: number) =>
    when.iteration - window.replacedAt[atom] > when.batchesPerPass;
  const dead: number[] = [];
  for (let atom = 0; full && atom < atoms; atom++) {
    if (usage[atom] < minUses && settled(atom)) dead.push(atom);
  }
  const gone = new Set(dead);
  const duplicates = [...latest.duplicates].filter((atom) =>
    !gone.has(atom) && settled(atom)
  );
  return { dead, duplicates };
}
