import type { ModelConfig } from "../model/model.ts";
import { paretoFront } from "./pareto.ts";

/** One training of a sweep. */
export interface SweepEntry {
  /** The column that its rows come from, where there are several. */
  column?: string | undefined;
  /** m. */
  atoms: number;
  /** k. */
  sparsity: number;
  /**
   * What it was given of the other options that vary, null for left out, and as `for` the name of its variant; absent
   * where nothing else varies.
   */
  options?: Record<string, unknown> | undefined;
  /** Held-out FVU. */
  fvu: number;
  /** FVU on as many training rows. */
  trainingFvu: number;
  /** Mean nonzeros of a held-out row. */
  l0: number;
  /** Atoms that no held-out row used. */
  deadAtoms: number;
  /** Atoms that more than a tenth of the training rows used, over the last pass. */
  denseAtoms: number;
  /** What probes with so many latents tell of classes: mean balanced accuracy on held-out rows; where asked for. */
  accuracy?: Record<string, number> | undefined;
  /**
   * Whether no other training of the column is as good in FVU, nonzeros, atoms and accuracy (with the fewest latents),
   * and better in one of them.
   */
  front: boolean;
  /** Its model directory, where models are kept. */
  model?: string | undefined;
  /** How long the training and its measuring took. */
  seconds: number;
}

/** What a sweep comes to. */
export interface SweepResult {
  /** Rows read, held-out ones among them. */
  rows: number;
  /** A line for every combination: columns as given, atoms ascending, then sparsity, then other options as given. */
  runs: SweepEntry[];
  /** What did the work. */
  device: ModelConfig["device"];
  /** How long all of it took. */
  seconds: number;
}

/** Marks the trainings that stand on their column's front. */
export function withFront(entries: readonly SweepEntry[]): SweepEntry[] {
  return entries.map((entry) => {
    const rivals = entries.filter(({ column }) => column === entry.column);
    const front = paretoFront(
      rivals.map(({ fvu, l0, atoms, accuracy }) => [
        fvu,
        l0,
        atoms,
        -(Object.values(accuracy ?? {})[0] ?? 0),
      ]),
    );
    return { ...entry, front: front[rivals.indexOf(entry)] };
  });
}
