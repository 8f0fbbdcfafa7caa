import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { addSlots, type Decoder } from "../model/reconstruct.ts";
import { type Histogram, histogram } from "./histogram.ts";
import { createSums, type QualityMetrics, type Sums } from "./sums.ts";

/** Measures of one model on the rows it was given; the names are those that SAE tools use. */
export interface RowMetrics extends QualityMetrics {
  /** Atoms that no row used. */
  dead_atoms: number;
  /** log10 of the share of rows that use an atom, over atoms in use. */
  atom_density: Histogram;
  /** The same measures for every prefix of a nested dictionary's groups, the last one the whole. */
  prefixes?: PrefixMetrics[];
}

/** Measures of a prefix of groups, a dictionary by itself. */
export interface PrefixMetrics extends QualityMetrics {
  /** Groups in the prefix. */
  groups: number;
  /** Atoms in the prefix. */
  atoms: number;
}

/** Rows that use each atom, and the sum of their absolute code values. */
export interface AtomUse {
  /** Rows that use each atom. */
  rows: Float64Array;
  /** Sum of |code value| of each atom. */
  magnitude: Float64Array;
}

/** Accumulates metrics batch by batch. */
export interface MetricsAccumulator {
  /**
   * Adds rows with their codes.
   *
   * @param rows rows × width, raw
   * @param codes of the same rows, values in raw units
   */
  add(
    rows: Float32Array,
    codes: Pick<Codes, "rows" | "sparsity" | "indices" | "values">,
  ): void;
  /** Metrics of all rows so far; NaN where no row defines one. */
  result(): RowMetrics;
  /** Use of every atom so far. */
  use(): AtomUse;
  /** All sums so far, in a fixed order: those of several processes can be added up. */
  numbers(): Float64Array<ArrayBuffer>;
  /** Takes sums over, in place of its own. */
  take(numbers: Float64Array): void;
}

/**
 * Accumulates every metric that rows define, in float64 and one pass: memory is a few vectors of the row's width.
 *
 * @param model the dictionary, its mean and its nested groups (each prefix gets metrics of its own)
 */
export function createMetrics(
  model: Decoder & {
    groups?: readonly number[] | undefined;
    normLimit?: number | undefined;
  },
): MetricsAccumulator {
  const ends = prefixEnds(model.groups ?? [model.atoms]);
  const sums = ends.map(() => createSums(model.mean, model.normLimit));
  const rebuilt = new Float64Array(model.width);
  const use: AtomUse = {
    rows: new Float64Array(model.atoms),
    magnitude: new Float64Array(model.atoms),
  };
  return {
    add(rows, codes) {
      for (let row = 0; row < codes.rows; row++) {
        rebuilt.set(model.mean);
        addRow(model, ends, sums, rows, codes, row, rebuilt);
      }
      countUse(codes, use);
    },
    result: () => summarise(ends, sums, use),
    use: () => use,
    numbers: () =>
      Float64Array.from([
        ...sums.flatMap((sum) => [...sum.numbers()]),
        ...use.rows,
        ...use.magnitude,
      ]),
    take(numbers) {
      let at = 0;
      const next = (count: number) => numbers.subarray(at, at += count);
      for (const sum of sums) sum.take(next(sum.numbers().length));
      use.rows.set(next(model.atoms));
      use.magnitude.set(next(model.atoms));
    },
  };
}

function addRow(
  model: Decoder,
  ends: number[],
  sums: Sums[],
  rows: Float32Array,
  codes: Pick<Codes, "sparsity" | "indices" | "values">,
  row: number,
  rebuilt: Float64Array,
) {
  const { width } = model;
  const raw = rows.subarray(row * width, (row + 1) * width);
  const first = row * codes.sparsity;
  let slot = 0;
  let positive = 0;
  let nonzero = 0;
  for (let prefix = 0; prefix < ends.length; prefix++) {
    const from = slot;
    while (slot < codes.sparsity) {
      const atom = codes.indices[first + slot];
      if (atom !== EMPTY_SLOT && atom >= ends[prefix]) break;
      const value = codes.values[first + slot];
      if (atom !== EMPTY_SLOT && value !== 0) nonzero++;
      if (atom !== EMPTY_SLOT && value > 0) positive++;
      slot++;
    }
    addSlots(model, codes, row, from, slot, rebuilt);
    sums[prefix].add(raw, rebuilt, nonzero, positive);
  }
}

function countUse(
  codes: Pick<Codes, "indices" | "values">,
  use: AtomUse,
) {
  for (let slot = 0; slot < codes.indices.length; slot++) {
    const atom = codes.indices[slot];
    if (atom === EMPTY_SLOT || codes.values[slot] === 0) continue;
    use.rows[atom]++;
    use.magnitude[atom] += Math.abs(codes.values[slot]);
  }
}

function summarise(ends: number[], sums: Sums[], use: AtomUse): RowMetrics {
  const whole = sums[sums.length - 1].result();
  const used = use.rows.filter((count) => count > 0);
  const metrics: RowMetrics = {
    ...whole,
    dead_atoms: use.rows.length - used.length,
    atom_density: histogram(
      used.map((count) => Math.log10(count / whole.rows)),
      -7,
      0,
      28,
    ),
  };
  if (ends.length > 1) {
    metrics.prefixes = sums.map((sum, prefix) => ({
      groups: prefix + 1,
      atoms: ends[prefix],
      ...sum.result(),
    }));
  }
  return metrics;
}

function prefixEnds(groups: readonly number[]): number[] {
  let end = 0;
  return groups.map((size) => end += size);
}
