import { type Labels, labelText } from "../labels/label.ts";
import { matchAtoms } from "../metrics/dictionary.ts";
import { type Histogram, histogram } from "../metrics/histogram.ts";
import type { AtomTable } from "../metrics/similarity.ts";

/** How two dictionaries agree. */
export interface Comparison {
  /** Atoms of each. */
  atoms: { a: number; b: number };
  /** How pairs were found: the best matching, or greedily above 4096 atoms. */
  matching: "hungarian" | "greedy";
  /** Mean |⟨d_a, d_b⟩| of matched pairs. */
  mmcs: number;
  /** Share of the larger dictionary's atoms matched at least so well. */
  shares: { "0.5": number; "0.7": number; "0.9": number; "0.99": number };
  /** |⟨d_a, d_b⟩| of matched pairs. */
  similarities: Histogram;
  /** Every matched pair, the most alike first. */
  pairs: {
    a: number;
    b: number;
    similarity: number;
    labelA?: string | undefined;
    labelB?: string | undefined;
  }[];
}

/**
 * Compares two dictionaries of the same width: how many atoms both found (stability across seeds, versions, settings).
 *
 * @param a one dictionary
 * @param b another
 * @param signal ends the work, throwing its reason
 * @throws {DbksvdError} `data` where the widths differ
 *
 * @example
 * ```ts
 * import { compare, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const [a, b] = await Promise.all([1, 2].map((seed) =>
 *   train(source, { atoms: 8, sparsity: 2, passes: 2, seed }, { device: "cpu" })
 * ));
 * const { mmcs } = await compare(a.model, b.model);
 * assert(mmcs <= 1);
 * ```
 */
export async function compare(
  a: AtomTable & { labels?: Labels | undefined },
  b: AtomTable & { labels?: Labels | undefined },
  signal?: AbortSignal,
): Promise<Comparison> {
  const { method, pairs } = await matchAtoms(a, b, signal);
  const sizes = pairs.map(({ similarity }) => Math.abs(similarity));
  const most = Math.max(a.atoms, b.atoms);
  const share = (bound: number) =>
    sizes.filter((size) => size >= bound).length / most;
  return {
    atoms: { a: a.atoms, b: b.atoms },
    matching: method,
    mmcs: sizes.reduce((sum, size) => sum + size, 0) / sizes.length,
    shares: {
      "0.5": share(0.5),
      "0.7": share(0.7),
      "0.9": share(0.9),
      "0.99": share(0.99),
    },
    similarities: histogram(sizes, 0, 1, 20),
    pairs: pairs.map((pair) => ({
      ...pair,
      labelA: textOf(a.labels, pair.a),
      labelB: textOf(b.labels, pair.b),
    })).sort((one, other) =>
      Math.abs(other.similarity) - Math.abs(one.similarity) || one.a - other.a
    ),
  };
}

function textOf(labels: Labels | undefined, atom: number): string | undefined {
  const entry = labels?.[atom];
  return entry === undefined ? undefined : labelText(entry);
}
