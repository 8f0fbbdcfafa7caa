import { dot, multiplyTransposed } from "../engine/reference/products.ts";
import { multiplyFast } from "../engine/multiply.ts";
import type { Activation, SparseAutoencoder } from "../model/autoencoder.ts";
import type { Choice } from "../largest.ts";

type Pursuit = Extract<Activation, { kind: "matching_pursuit" }>;

/** Bytes of Gram rows that are kept. */
const GRAM_BYTES = 2 ** 29;

const gramRows = new WeakMap<SparseAutoencoder, Map<number, Float32Array>>();

/**
 * Matching pursuit as SAELens 6 runs it: each step takes the latent with the largest positive correlation and subtracts
 * its projection; a latent taken again adds up; rows stop at the residual threshold, when a step brings no new latent
 * (where that is asked for), or after the most steps.
 *
 * @param input rows × width, centred
 */
export function pursueRows(
  sae: SparseAutoencoder,
  pursuit: Pursuit,
  input: Float32Array,
  rows: number,
): Choice[] {
  const { atoms, width, dictionary } = sae;
  const correlations = new Float32Array(rows * atoms);
  multiplyFast(input, rows, dictionary, atoms, width, correlations);
  return Array.from({ length: rows }, (_, row) => {
    const energy = dot(input, row * width, input, row * width, width);
    const a = Float64Array.from(
      correlations.subarray(row * atoms, (row + 1) * atoms),
    );
    return pursueRow(sae, pursuit, a, energy);
  });
}

function pursueRow(
  sae: SparseAutoencoder,
  pursuit: Pursuit,
  a: Float64Array,
  energy: number,
): Choice {
  const { residualThreshold, maxIterations, stopOnDuplicateSupport } = pursuit;
  const taken = new Map<number, number>();
  let residual = energy;
  for (let step = 0; step < maxIterations; step++) {
    let best = 0;
    for (let j = 1; j < a.length; j++) if (a[j] > a[best]) best = j;
    const value = a[best];
    if (!(value > 0)) break;
    const repeated = taken.has(best);
    taken.set(best, (taken.get(best) ?? 0) + value);
    const g = gramRow(sae, best);
    residual += value * value * (g[best] - 2);
    for (let j = 0; j < a.length; j++) a[j] -= value * g[j];
    if (stopOnDuplicateSupport && repeated) break;
    const close = residualThreshold > 0 &&
      Math.sqrt(Math.max(0, residual)) < residualThreshold;
    if (close) break;
  }
  const indices = [...taken.keys()].sort((i, j) => i - j);
  return { indices, values: indices.map((j) => taken.get(j)!) };
}

// Rows of D·Dᵀ, made when first asked for.
function gramRow(sae: SparseAutoencoder, atom: number): Float32Array {
  let rows = gramRows.get(sae);
  if (rows === undefined) gramRows.set(sae, rows = new Map());
  const kept = rows.get(atom);
  if (kept !== undefined) return kept;
  const { atoms, width, dictionary } = sae;
  const row = new Float32Array(atoms);
  const one = dictionary.subarray(atom * width, (atom + 1) * width);
  multiplyTransposed(one, 1, dictionary, atoms, width, row);
  if (rows.size * atoms * 4 < GRAM_BYTES) rows.set(atom, row);
  return row;
}
