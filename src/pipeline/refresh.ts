import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import type { Codes } from "../engine/engine.ts";
import { forEachSimilarity } from "../metrics/similarity.ts";
import { addSlots } from "../model/reconstruct.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";

/** Atoms closer than this say the same thing twice. */
const SAME_ATOM = 0.95;

/** Above this many atoms comparing all pairs on the processor takes minutes: what learning finds at 0.99 must do. */
const MOST_COMPARED = 8192;

/** Most atoms begun anew in one run: their residuals are held in memory. */
const MOST_REPLACED = 4096;

/** A dictionary to start the next version from. */
export interface Refreshed {
  /** atoms × width, unit rows. */
  dictionary: Float32Array;
  /** Indices of the atoms that were replaced. */
  replaced: number[];
}

/**
 * The current dictionary, made ready for new rows: atoms that the rows to come hardly use, and the less used of two
 * that are nearly the same, give way to what the dictionary represents worst. Every other atom keeps its index and
 * its value. A run is short, and learning replaces nothing near a training's end, so that without this a dictionary
 * that is carried from run to run never escapes the faults of its first nights.
 *
 * @param model the current version
 * @param source the rows of the coming training
 * @param options uses under which an atom is dead; where it runs
 */
export async function refreshAtoms(
  model: DictionaryModel,
  source: RowSource,
  options: RunOptions & { minUses: number },
): Promise<Refreshed> {
  const coder = await engineCoder(model, options);
  const uses = new Float64Array(model.atoms);
  const worst = new WorstRows(
    Math.min(model.atoms, source.rowCount, MOST_REPLACED),
  );
  try {
    const coded = codeRows(source, [coder], options);
    for await (const { batch: { data }, codes: [codes] } of coded) {
      for (let row = 0; row < codes.rows; row++) {
        const residual = residualOf(model, data, codes, row);
        worst.offer(residual);
        const first = row * codes.sparsity;
        for (let slot = first; slot < first + codes.sparsity; slot++) {
          if (codes.values[slot] !== 0) uses[codes.indices[slot]]++;
        }
      }
    }
  } finally {
    await coder.close();
  }
  const directions = worst.directions();
  const weak = await atomsToReplace(model, uses, options);
  const replaced = weak.slice(0, directions.length);
  const dictionary = model.dictionary.slice();
  replaced.forEach((atom, i) =>
    dictionary.set(directions[i], atom * model.width)
  );
  return { dictionary, replaced };
}

function residualOf(
  model: DictionaryModel,
  rows: Float32Array,
  codes: Codes,
  row: number,
): Float64Array {
  const rebuilt = Float64Array.from(model.mean);
  addSlots(model, codes, row, 0, codes.sparsity, rebuilt);
  const offset = row * model.width;
  return rebuilt.map((value, d) => rows[offset + d] - value);
}

async function atomsToReplace(
  model: DictionaryModel,
  uses: Float64Array,
  { minUses, signal }: { minUses: number; signal?: AbortSignal | undefined },
): Promise<number[]> {
  const { atoms } = model;
  const gone = new Set<number>();
  for (let atom = 0; atom < atoms; atom++) {
    if (uses[atom] < minUses) gone.add(atom);
  }
  if (atoms > MOST_COMPARED) return [...gone].sort((a, b) => a - b);
  await forEachSimilarity(model, model, (a, products) => {
    for (let b = 0; b < a && !gone.has(a); b++) {
      if (gone.has(b) || Math.abs(products[b]) <= SAME_ATOM) continue;
      gone.add(uses[a] > uses[b] ? b : a);
    }
  }, signal);
  return [...gone].sort((a, b) => a - b);
}

/** The largest residuals seen. */
class WorstRows {
  #rows: { energy: number; residual: Float64Array }[] = [];
  #floor = 0;

  constructor(readonly most: number) {}

  offer(residual: Float64Array): void {
    let energy = 0;
    for (const value of residual) energy += value * value;
    if (energy <= this.#floor) return;
    this.#rows.push({ energy, residual });
    if (this.#rows.length >= 2 * this.most) this.#trim();
  }

  directions(): Float32Array[] {
    this.#trim();
    return this.#rows.map(({ energy, residual }) =>
      Float32Array.from(residual, (value) => value / Math.sqrt(energy))
    );
  }

  #trim(): void {
    this.#rows.sort((a, b) => b.energy - a.energy);
    if (this.#rows.length <= this.most) return;
    this.#rows.length = this.most;
    this.#floor = this.#rows[this.most - 1].energy;
  }
}
