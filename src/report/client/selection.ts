// Which atoms are listed, and in what order. No document here.
import type { Finder } from "./finder.ts";
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
