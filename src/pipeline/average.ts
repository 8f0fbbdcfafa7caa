import type { DictionaryModel } from "../model/model.ts";

/** How far a version goes from its parent to what was trained. */
const STEP = 0.5;

/**
 * Takes each atom half the way from its parent's to the trained one. A run sees a part of the past only, and its atoms
 * follow that part's chance; the average over versions that this makes (each half as heavy as the next) does so less.
 *
 * @param trained what a run's training gave
 * @param parent the version that it began from
 * @param replaced atoms that were begun anew: they stay as trained
 */
export function averaged(
  trained: DictionaryModel,
  parent: DictionaryModel,
  replaced: readonly number[],
): DictionaryModel {
  const { width, atoms } = trained;
  const dictionary = trained.dictionary.slice();
  const anew = new Set(replaced);
  for (let atom = 0; atom < atoms; atom++) {
    if (anew.has(atom)) continue;
    const [from, to] = [atom * width, (atom + 1) * width];
    const mean = new Float64Array(width);
    let squares = 0;
    for (let i = from; i < to; i++) {
      const value = STEP * trained.dictionary[i] +
        (1 - STEP) * parent.dictionary[i];
      mean[i - from] = value;
      squares += value * value;
    }
    // Opposite atoms: the sign turned, and there is nothing between them.
    if (squares < 1e-6) continue;
    const norm = Math.sqrt(squares);
    for (let i = from; i < to; i++) dictionary[i] = mean[i - from] / norm;
  }
  return { ...trained, dictionary };
}
