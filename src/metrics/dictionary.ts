import { DbksvdError } from "../errors.ts";
import { assignLargest } from "./assignment.ts";
import { type Histogram, histogram } from "./histogram.ts";
import {
  type AtomTable,
  forEachSimilarity,
  largest,
  largestSimilarities,
  type Neighbours,
  unitAtoms,
} from "./similarity.ts";

/** Most atoms for which the best matching is found exactly. */
const HUNGARIAN_LIMIT = 4096;

/** Candidates a row keeps in a round of greedy matching. */
const CANDIDATES = 16;

/** How alike a dictionary's atoms are among themselves. */
export interface CoherenceMetrics {
  /** Largest |⟨d_i, d_j⟩|, i ≠ j. */
  coherence: number;
  /** Mean over atoms of the largest |⟨d_i, d_j⟩|. */
  coherence_mean: number;
  /** Histogram over atoms of the largest |⟨d_i, d_j⟩|. */
  coherence_by_atom: Histogram;
}

/** How a dictionary matches a known one. */
export interface RecoveryMetrics {
  /** Share of the known atoms matched with |⟨d, d̂⟩| > 0.99. */
  recovered: number;
  /** Mean |⟨d, d̂⟩| of the matched pairs. */
  mmcs: number;
  /** How pairs were found: the best matching, or greedily where there are more than 4096 atoms. */
  matching: "hungarian" | "greedy";
}

/** Atom `a` of one dictionary matched with atom `b` of another. */
export interface AtomPair {
  a: number;
  b: number;
  /** ⟨d_a, d_b⟩ of unit atoms, signed. */
  similarity: number;
}

/** A one-to-one matching of two dictionaries' atoms. */
export interface AtomMatching {
  method: "hungarian" | "greedy";
  /** In the order of the first dictionary's atoms; as many as the smaller one has. */
  pairs: AtomPair[];
}

/**
 * Coherence of a dictionary (lengths are divided out).
 *
 * @param table atoms × width
 * @param signal ends the work, throwing its reason
 */
export async function coherence(
  table: AtomTable,
  signal?: AbortSignal,
): Promise<CoherenceMetrics> {
  const each = await largestSimilarities(unitAtoms(table), signal);
  let most = 0;
  let sum = 0;
  for (const value of each) {
    most = Math.max(most, value);
    sum += value;
  }
  return {
    coherence: most,
    coherence_mean: sum / table.atoms,
    coherence_by_atom: histogram(each, 0, 1, 20),
  };
}

/**
 * The atoms most like each atom, by absolute similarity.
 *
 * @param table atoms × width
 * @param count how many for each atom
 * @param signal ends the work, throwing its reason
 */
export async function nearestAtoms(
  table: AtomTable,
  count: number,
  signal?: AbortSignal,
): Promise<Neighbours[]> {
  const unit = unitAtoms(table);
  const nearest: Neighbours[] = [];
  await forEachSimilarity(unit, unit, (atom, products) => {
    nearest.push(largest(products, count, atom));
  }, signal);
  return nearest;
}

/**
 * Matches two dictionaries' atoms one-to-one by absolute similarity: the largest sum up to 4096 atoms (of the larger
 * dictionary), greedily above.
 *
 * @param a one dictionary
 * @param b another of the same width
 * @param signal ends the work, throwing its reason
 * @throws {DbksvdError} `data` where the widths differ
 */
export async function matchAtoms(
  a: AtomTable,
  b: AtomTable,
  signal?: AbortSignal,
): Promise<AtomMatching> {
  if (a.width !== b.width) {
    throw new DbksvdError(
      "data",
      `Dictionaries of width ${a.width} and ${b.width} cannot be matched`,
      { mend: "compare dictionaries of the same kind of rows" },
    );
  }
  const [few, many] = a.atoms <= b.atoms ? [a, b] : [b, a];
  const exact = many.atoms <= HUNGARIAN_LIMIT;
  const match = exact ? matchBest : matchGreedily;
  const found = await match(unitAtoms(few), unitAtoms(many), signal);
  const pairs = few === a
    ? found
    : found.map(({ a, b, similarity }) => ({ a: b, b: a, similarity }));
  pairs.sort((one, other) => one.a - other.a);
  return { method: exact ? "hungarian" : "greedy", pairs };
}

/**
 * How much of a known dictionary another one found.
 *
 * @param truth the known dictionary
 * @param learned the other
 * @param signal ends the work, throwing its reason
 */
export async function recovery(
  truth: AtomTable,
  learned: AtomTable,
  signal?: AbortSignal,
): Promise<RecoveryMetrics> {
  const { method, pairs } = await matchAtoms(truth, learned, signal);
  const sizes = pairs.map(({ similarity }) => Math.abs(similarity));
  return {
    recovered: sizes.filter((size) => size > 0.99).length / truth.atoms,
    mmcs: sizes.reduce((sum, size) => sum + size, 0) / sizes.length,
    matching: method,
  };
}

async function matchBest(
  few: AtomTable,
  many: AtomTable,
  signal?: AbortSignal,
): Promise<AtomPair[]> {
  const signed = new Float32Array(few.atoms * many.atoms);
  await forEachSimilarity(few, many, (atom, products) => {
    signed.set(products, atom * many.atoms);
  }, signal);
  const sizes = signed.map(Math.abs);
  const columns = await assignLargest(sizes, few.atoms, many.atoms, signal);
  return Array.from(columns, (b, a) => ({
    a,
    b,
    similarity: signed[a * many.atoms + b],
  }));
}

// Every round, each unmatched atom offers its most similar unmatched partners; the best offers are taken first.
async function matchGreedily(
  few: AtomTable,
  many: AtomTable,
  signal?: AbortSignal,
): Promise<AtomPair[]> {
  const pairs: AtomPair[] = [];
  let left = Array.from({ length: few.atoms }, (_, atom) => atom);
  let right = Array.from({ length: many.atoms }, (_, atom) => atom);
  while (left.length > 0) {
    const offers: AtomPair[] = [];
    const makeOffers = (i: number, products: Float32Array) => {
      const { atoms, similarities } = largest(products, CANDIDATES);
      atoms.forEach((j, slot) =>
        offers.push({ a: left[i], b: right[j], similarity: similarities[slot] })
      );
    };
    await forEachSimilarity(
      pick(few, left),
      pick(many, right),
      makeOffers,
      signal,
    );
    offers.sort((one, other) =>
      Math.abs(other.similarity) - Math.abs(one.similarity) ||
      one.a - other.a || one.b - other.b
    );
    const takenLeft = new Set<number>();
    const takenRight = new Set<number>();
    for (const offer of offers) {
      if (takenLeft.has(offer.a) || takenRight.has(offer.b)) continue;
      takenLeft.add(offer.a);
      takenRight.add(offer.b);
      pairs.push(offer);
    }
    left = left.filter((atom) => !takenLeft.has(atom));
    right = right.filter((atom) => !takenRight.has(atom));
  }
  return pairs;
}

function pick(table: AtomTable, atoms: number[]): AtomTable {
  const { width } = table;
  const dictionary = new Float32Array(atoms.length * width);
  atoms.forEach((atom, i) =>
    dictionary.set(
      table.dictionary.subarray(atom * width, (atom + 1) * width),
      i * width,
    )
  );
  return { width, atoms: atoms.length, dictionary };
}
