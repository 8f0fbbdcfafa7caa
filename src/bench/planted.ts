import { type RandomStream, randomStream } from "../random.ts";
import type { BenchSize } from "./size.ts";

/** Atoms are used as often as their rank to this power says. */
const ZIPF = -0.7;

const NOISE = 0.05;

/** Normal deviates come from a pool of this many: drawing billions would take longer than what is measured. */
const POOL = 1 << 20;

/** Rows of a planted dictionary of 2m atoms, used by Zipf's law, k positive codes each, and 5% noise: as the peer's. */
export function plantedRows(
  { n, m, k, rows }: BenchSize,
  seed = 0,
): Float32Array<ArrayBuffer> {
  const random = randomStream(seed, "bench", n, m, k);
  const pool = new Float32Array(POOL).map(() => random.normal());
  const truth = drawn(2 * m * n, pool, random);
  for (let j = 0; j < 2 * m; j++) {
    normalise(truth.subarray(j * n, (j + 1) * n));
  }
  const cumulative = zipf(2 * m);
  const data = drawn(rows * n, pool, random);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * n, (i + 1) * n);
    for (let p = 0; p < n; p++) row[p] *= NOISE;
    const used = new Set<number>();
    while (used.size < Math.min(k, m)) used.add(pick(cumulative, random));
    for (const j of used) {
      const x = 0.5 + random.uniform(), atom = j * n;
      for (let p = 0; p < n; p++) row[p] += x * truth[atom + p];
    }
  }
  return data;
}

/** The first atoms of a training: rows at random places, normalised. */
export function firstAtoms(
  data: Float32Array,
  { n, m, rows }: BenchSize,
): Float32Array {
  const random = randomStream(0, "bench", "atoms", n, m);
  const atoms = new Float32Array(m * n);
  for (let j = 0; j < m; j++) {
    const from = random.integer(rows) * n;
    const atom = atoms.subarray(j * n, (j + 1) * n);
    atom.set(data.subarray(from, from + n));
    for (let p = 0; p < n; p++) atom[p] += 0.01 * (random.uniform() - 0.5);
    normalise(atom);
  }
  return atoms;
}

function drawn(
  count: number,
  pool: Float32Array,
  random: RandomStream,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(count);
  const stretch = 1 << 12;
  for (let at = 0; at < count; at += stretch) {
    const from = random.integer(POOL - stretch);
    const size = Math.min(stretch, count - at);
    out.set(pool.subarray(from, from + size), at);
  }
  return out;
}

function normalise(row: Float32Array): void {
  let energy = 0;
  for (const value of row) energy += value * value;
  const scale = 1 / Math.sqrt(energy);
  for (let p = 0; p < row.length; p++) row[p] *= scale;
}

function zipf(count: number): Float64Array {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let j = 0; j < count; j++) cumulative[j] = sum += (j + 1) ** ZIPF;
  return cumulative;
}

function pick(cumulative: Float64Array, random: RandomStream): number {
  const wanted = random.uniform() * cumulative[cumulative.length - 1];
  let low = 0, high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
