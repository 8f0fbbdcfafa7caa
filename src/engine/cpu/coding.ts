import { type CoderOptions, EMPTY_SLOT } from "../engine.ts";
import type { Group } from "./groups.ts";
import { multiplyTransposed } from "./products.ts";
import { Pursuit } from "./pursuit.ts";
import { rowEnergies } from "./rows.ts";

/** Correlations are computed for this many rows at a time. */
const CODING_CHUNK = 1024;

/** Codes over one group: rows × the group's share of slots, indices within the group. */
export interface GroupCodes {
  indices: Uint32Array;
  values: Float32Array;
}

/** What one group's coding works with. */
export interface CodingInput {
  group: Group;
  /** The group's atoms × width. */
  dictionary: Float32Array;
  /** The group's Gram. */
  gram: Float32Array;
  /** What earlier groups left of the rows, rows × width. */
  rows: Float32Array;
  /** ‖y‖² of the whole rows. */
  energies: Float64Array;
  width: number;
}

/** Codes what is left of the rows over one group's atoms. */
export function codeGroup(
  input: CodingInput,
  coder: CoderOptions,
  shrinkage: { ridge: number; shrink: number },
): GroupCodes {
  const { group, dictionary, gram, rows, energies, width: n } = input;
  const { atoms: m, sparsity: k } = group;
  const count = energies.length;
  const indices = new Uint32Array(count * k);
  const values = new Float32Array(count * k);
  const pursuit = new Pursuit(gram, m, { ...coder, sparsity: k, ...shrinkage });
  const current = group.start === 0 ? energies : rowEnergies(rows, count, n);
  const correlations = new Float32Array(CODING_CHUNK * m);
  for (let first = 0; first < count; first += CODING_CHUNK) {
    const chunk = Math.min(CODING_CHUNK, count - first);
    multiplyTransposed(
      rows.subarray(first * n, (first + chunk) * n),
      chunk,
      dictionary,
      m,
      n,
      correlations,
    );
    for (let i = 0; i < chunk; i++) {
      const row = first + i;
      pursuit.run(
        correlations.subarray(i * m, (i + 1) * m),
        current[row],
        coder.tolerance ** 2 * energies[row],
        indices.subarray(row * k, (row + 1) * k),
        values.subarray(row * k, (row + 1) * k),
      );
    }
  }
  return { indices, values };
}

/** R ← R − X·D over one group. */
export function subtractCodes(input: CodingInput, codes: GroupCodes): void {
  const { group: { sparsity: k }, dictionary, rows, width: n } = input;
  const left = new Float64Array(n);
  for (
    let first = 0, row = 0;
    first < codes.indices.length;
    first += k, row += n
  ) {
    left.set(rows.subarray(row, row + n));
    for (let e = first; e < first + k; e++) {
      if (codes.indices[e] === EMPTY_SLOT) break;
      const value = codes.values[e], atom = codes.indices[e] * n;
      for (let p = 0; p < n; p++) left[p] -= value * dictionary[atom + p];
    }
    rows.set(left, row);
  }
}
