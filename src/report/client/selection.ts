// Which atoms are listed, and in what order. No document here.
import type { Dictionary } from "./types.ts";

/** Which atoms are wanted, and in what order. */
export interface Filter {
  query: string;
  /** A key of {@linkcode ORDERS}, or `auto`: the best match, the most used where nothing is searched for. */
  order: string;
  usageFrom: number;
  usageTo: number;
  coherenceFrom: number;
  coherenceTo: number;
  /** Only atoms with a label. */
  labelled: boolean;
  group?: number | undefined;
}

/** How well each atom matches every word of a query; undefined for an empty query, 0 for an atom that does not. */
export type Finder = (query: string) => Float32Array | undefined;

type Key = (
  dictionary: Dictionary,
  scores: Float32Array | undefined,
) => (atom: number) => number;

/** Orders of the list: name, words, and a key (smaller first). */
export const ORDERS: Record<string, [string, Key]> = {
  uses: ["Most used", (d) => (atom) => -d.uses[atom]],
  rare: ["Least used", (d) => (atom) => d.uses[atom]],
  mean: ["Strongest on average", (d) => (atom) => -d.meanActivation[atom]],
  largest: ["Largest value", (d) => (atom) => -d.maxActivation[atom]],
  coherent: ["Nearest to another atom", (d) => (atom) => -d.coherence[atom]],
  lone: ["Farthest from all others", (d) => (atom) => d.coherence[atom]],
  index: ["Index", () => (atom) => atom],
  match: ["Best match", (_, scores) => (atom) => -(scores?.[atom] ?? 0)],
};

/** A finder of atoms by text: labels, indices (`#12`) and the texts of top rows. */
export function createFinder(dictionary: Dictionary): Finder {
  const starts = new Uint32Array(dictionary.texts.length + 1);
  const lowered: string[] = [];
  dictionary.texts.forEach((text, place) => {
    const whole = [
      dictionary.before?.[place] ?? "",
      text,
      dictionary.after?.[place] ?? "",
    ].join(" ").toLowerCase();
    lowered.push(whole);
    starts[place + 1] = starts[place] + whole.length + 1;
  });
  const all = lowered.join("\n");

  function placesWith(term: string): Uint8Array {
    const found = new Uint8Array(lowered.length);
    let place = 0;
    for (let at = all.indexOf(term); at !== -1;) {
      place = placeAt(starts, at, place);
      found[place] = 1;
      at = all.indexOf(term, starts[place + 1]);
    }
    return found;
  }

  function scoresOf(term: string): Float32Array {
    const places = placesWith(term);
    const scores = new Float32Array(dictionary.atoms);
    for (let atom = 0; atom < dictionary.atoms; atom++) {
      const label = dictionary.label(atom)?.toLowerCase() ?? "";
      if (label.includes(term) || term === `#${atom}`) scores[atom] = 10;
      const limit = dictionary.maxActivation[atom] || 1;
      for (const { place, value } of dictionary.topRows(atom)) {
        if (places[place]) scores[atom] += Math.abs(value) / limit;
      }
    }
    return scores;
  }

  return function find(query: string) {
    const terms = query.toLowerCase().split(/\s+/).filter((term) => term);
    if (terms.length === 0) return undefined;
    const scores = scoresOf(terms[0]);
    for (const term of terms.slice(1)) {
      const more = scoresOf(term);
      for (let atom = 0; atom < scores.length; atom++) {
        scores[atom] = more[atom] === 0 || scores[atom] === 0
          ? 0
          : scores[atom] + more[atom];
      }
    }
    return scores;
  };
}

function placeAt(starts: Uint32Array, at: number, from: number): number {
  let low = from;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= at) low = middle;
    else high = middle;
  }
  return low;
}

/** The atoms that pass a filter, ordered. */
export function selectAtoms(
  dictionary: Dictionary,
  filter: Filter,
  find: Finder,
): Uint32Array<ArrayBuffer> {
  const scores = find(filter.query);
  const chosen: number[] = [];
  for (let atom = 0; atom < dictionary.atoms; atom++) {
    const density = dictionary.density(atom);
    const coherence = dictionary.coherence[atom];
    const passes = (scores === undefined || scores[atom] > 0) &&
      density >= filter.usageFrom && density <= filter.usageTo &&
      coherence >= filter.coherenceFrom && coherence <= filter.coherenceTo &&
      (!filter.labelled || dictionary.label(atom) !== undefined) &&
      (filter.group === undefined || dictionary.group(atom) === filter.group);
    if (passes) chosen.push(atom);
  }
  const order = filter.order === "auto"
    ? (scores === undefined ? "uses" : "match")
    : filter.order;
  const key = ORDERS[order][1](dictionary, scores);
  const keys = new Float64Array(dictionary.atoms);
  for (const atom of chosen) keys[atom] = key(atom);
  return Uint32Array.from(chosen.sort((a, b) => keys[a] - keys[b] || a - b));
}
