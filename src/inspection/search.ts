import { createFinder, type Searchable } from "../report/client/finder.ts";
import type { LatentRows } from "../report/data.ts";
import { slots } from "./describe.ts";
import type { Inspection } from "./inspect.ts";

/** An atom that a search found. */
export interface AtomHit {
  /** Its index. */
  atom: number;
  /** Its name, if it was given one. */
  label?: string;
  /** How well it matches: see `createFinder`; larger is better. */
  score: number;
  /** Matching texts, strongest first. */
  texts: string[];
}

/**
 * Finds atoms by text: in their labels and in the texts of the rows that use them most. Every word has to be found;
 * labels come before texts, whole words before parts of words. `#12` is the atom of that index.
 *
 * @param inspection what `inspect` returned, with a text column
 * @param query what to look for; case does not matter
 * @returns atoms that match, best first
 *
 * @example
 * ```ts
 * import { inspect, rowsFromArray, searchAtoms, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const { model } = await train(rowsFromArray(rows, 4), { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const inspection = await inspect({ ...model, labels: { "3": "waves" } });
 * assert.equal(searchAtoms(inspection, "Wave")[0].atom, 3);
 * ```
 */
export function searchAtoms(inspection: Inspection, query: string): AtomHit[] {
  const { atoms, samples, table: { labels } } = inspection;
  const searchable = searchableOf(inspection);
  const find = createFinder(searchable);
  const scores = find(query);
  if (scores === undefined) return [];
  const terms = query.toLowerCase().split(/\s+/).filter((term) => term);
  const hits: AtomHit[] = [];
  for (let atom = 0; atom < atoms; atom++) {
    if (scores[atom] === 0) continue;
    const texts = searchable.topRows(atom)
      .map(({ place }) => samples.texts[place].trim())
      .filter((text) =>
        terms.some((term) => text.toLowerCase().includes(term))
      );
    hits.push({
      atom,
      label: labels[atom],
      score: scores[atom],
      texts: [...new Set(texts)],
    });
  }
  return hits.sort((a, b) => b.score - a.score || a.atom - b.atom);
}

function searchableOf(inspection: Inspection): Searchable {
  const { atoms, sides, samples, table, top } = inspection;
  return {
    atoms,
    texts: samples.texts,
    before: samples.before,
    after: samples.after,
    label: (atom) => table.labels[atom],
    topRows: (atom) => rowsOfAtom(top, atom, sides),
  };
}

/** The top rows of all of an atom's latents, strongest first. */
function rowsOfAtom(
  { perLatent, samples, values }: LatentRows,
  atom: number,
  sides: number,
): { place: number; value: number }[] {
  return Array.from({ length: sides }, (_, side) => atom * sides + side)
    .flatMap((latent) => slots(latent, perLatent, samples))
    .map((slot) => ({ place: samples[slot], value: values[slot] }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}
