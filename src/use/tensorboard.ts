import type { EventFile } from "../files/event_file.ts";
import type { MetricsLine } from "../model/model.ts";

/**
 * Adds a training's lines to a TensorBoard event file; a step is a row seen, so that trainings of other batch sizes lie
 * over one another.
 *
 * @param events the file
 * @param lines what `onProgress` gives
 */
export function addTraining(
  events: EventFile,
  lines: readonly MetricsLine[],
): void {
  for (const line of lines) {
    events.add(line.rowsSeen, {
      "fvu/coding": line.codingFvu,
      "fvu/updated": line.updatedFvu,
      "fvu/validation": line.validationFvu,
      "codes/l0": line.l0,
      "atoms/dead": line.deadAtoms,
      "atoms/duplicates": line.duplicates,
      "atoms/replaced": line.replaced,
      "work/atom_batch": line.atomBatch,
      "work/milliseconds": line.milliseconds,
    });
  }
}
