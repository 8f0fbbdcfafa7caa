// How many Gram rows an exact OMP reads where it leaves those unread that cannot change its choice, by the rule of
// kernels/omp.wgsl, on the CPU in float64: counts, not times. Exit 1 where it ever chose another atom than OMP does.
// usage: deno run -A tasks/bench/gram_reads.ts n m k [ROWS]             the benchmark's rows and first atoms
// deno run -A tasks/bench/gram_reads.ts DICTIONARY INPUT k [ROWS]     a model's (or truth's) atoms, rows of a file
import { loadDictionary, openRows } from "../../mod.ts";
import { firstAtoms, plantedRows } from "../../src/bench/planted.ts";
import { dot, gram } from "../../src/engine/reference/products.ts";
import { MOST_FOUND, PATIENCE } from "../../src/engine/gpu/stages/pursue.ts";

interface Problem {
  n: number;
  m: number;
  dictionary: Float32Array;
  /** Centred and scaled. */
  data: Float32Array;
}

interface Counts {
  /** Gram rows that are read, of those that every row of the support would take. */
  read: number;
  all: number;
  /** Candidates compared one by one. */
  compared: number;
  steps: number;
  wrong: number;
}

const words = Deno.args.map((word) => /^\d+$/.test(word) ? Number(word) : word);
const [first, second, k, ROWS = 64] = words as [
  number | string,
  number | string,
  number,
  number?,
];
const problem = typeof first === "number"
  ? benchProblem(first, Number(second), k, ROWS)
  : await fileProblem(first, String(second), ROWS);
const counts = countReads(problem, k);
const rows = problem.data.length / problem.n;
console.log(JSON.stringify({
  n: problem.n,
  m: problem.m,
  k,
  rows,
  gramRows: counts.all / rows,
  read: counts.read / rows,
  share: counts.read / counts.all,
  comparedInAStep: counts.compared / counts.steps,
}));
if (counts.wrong > 0) Deno.exitCode = 1;

function benchProblem(n: number, m: number, k: number, rows: number): Problem {
  const size = { n, m, k, rows: 2 * m };
  const all = plantedRows(size);
  const dictionary = firstAtoms(all, size);
  return { n, m, dictionary, data: all.slice(0, rows * n) };
}

async function fileProblem(
  path: string,
  input: string,
  rows: number,
): Promise<Problem> {
  const { dictionary, width: n, atoms: m, mean, scale } = await loadDictionary(
    path,
  );
  const source = await openRows(input);
  const data = await source.read({ start: 0, end: rows });
  await source.close();
  data.forEach((value, i) => data[i] = (value - mean[i % n]) * scale);
  return { n, m, dictionary, data };
}

function countReads(
  { n, m, dictionary, data }: Problem,
  sparsity: number,
): Counts {
  const G = new Float32Array(m * m);
  gram(dictionary, m, n, G);
  const coherences = Float64Array.from({ length: m }, (_, i) => {
    let most = 0;
    for (let j = 0; j < m; j++) {
      if (j !== i) most = Math.max(most, Math.abs(G[i * m + j]));
    }
    return most;
  });
  const counts = { read: 0, all: 0, compared: 0, steps: 0, wrong: 0 };
  for (let row = 0; row < data.length; row += n) {
    const A = Float64Array.from(
      { length: m },
      (_, j) => dot(data, row, dictionary, j * n, n),
    );
    pursue(A, G, coherences, sparsity, counts);
  }
  return counts;
}

// One row: `exact` are the correlations as they are, `held` those that a pruned search keeps.
function pursue(
  A: Float64Array,
  G: Float32Array,
  coherences: Float64Array,
  sparsity: number,
  counts: Counts,
): void {
  const m = A.length;
  const exact = A.slice(), held = A.slice();
  const support: number[] = [], factor: number[][] = [];
  const x: number[] = [], taken: number[] = [];
  let patience = PATIENCE.PATIENCE, least = 0, settled = false;
  while (support.length < sparsity) {
    const debts = () =>
      support.map((j, s) => Math.abs(x[s] - taken[s]) * coherences[j]);
    debts().forEach((debt, s) => {
      if (debt <= least) return;
      subtract(held, G, support[s], x[s] - taken[s]);
      taken[s] = x[s];
      counts.read++;
    });
    const left = debts(), due = Math.max(0, ...left);
    const margin = left.reduce((sum, debt) => sum + debt, 0);
    support.forEach((j) => exact[j] = held[j] = 0);
    const size = greatest(held), threshold = size - 2 * margin;
    const found = margin === 0
      ? 1
      : held.reduce((sum, a) => sum + Number(Math.abs(a) >= threshold), 0);
    if (due > 0 && (threshold <= 0 || found > MOST_FOUND)) {
      least = settled ? 0 : due / 4;
      settled = true;
      patience *= PATIENCE.LESSPATIENCE;
      continue;
    }
    const best = greatest(exact);
    const j = exact.findIndex((a) => Math.abs(a) === best);
    if (best === 0) return;
    if (margin > 0 && Math.abs(held[j]) < threshold) counts.wrong++;
    counts.compared += found > 1 ? found : 0;
    counts.steps++;
    if (found < PATIENCE.FEWFOUND) patience *= PATIENCE.MOREPATIENCE;
    if (found > PATIENCE.MANYFOUND) patience *= PATIENCE.LESSPATIENCE;
    patience = Math.min(patience, 1);
    settled = false;
    least = patience * best;
    const weights = extend(factor, support, G, m, j, exact[j]);
    if (weights === undefined) {
      // Dependent on the support: the kernel bars it, and here the row ends.
      return;
    }
    support.push(j);
    weights.forEach((weight, s) => x[s] = (x[s] ?? 0) + weight);
    taken.push(0);
    if (support.length < sparsity) {
      counts.all += support.length;
      weights.forEach((weight, s) => subtract(exact, G, support[s], weight));
    }
  }
}

function subtract(
  a: Float64Array,
  G: Float32Array,
  atom: number,
  weight: number,
): void {
  const m = a.length, row = atom * m;
  for (let j = 0; j < m; j++) a[j] -= weight * G[row + j];
}

function greatest(a: Float64Array): number {
  let most = 0;
  for (const value of a) most = Math.max(most, Math.abs(value));
  return most;
}

// A row of the inverse Cholesky factor for atom j; what the coefficients change by, its own last.
function extend(
  factor: number[][],
  support: number[],
  G: Float32Array,
  m: number,
  j: number,
  correlation: number,
): number[] | undefined {
  const w = factor.map((row) =>
    row.reduce((sum, entry, r) => sum + entry * G[support[r] * m + j], 0)
  );
  const pivot = w.reduce((left, value) => left - value * value, G[j * m + j]);
  if (pivot < 1e-6) return undefined;
  const scale = 1 / Math.sqrt(pivot);
  const row = [
    ...support.map((_, s) =>
      -scale * w.reduce((sum, value, r) => sum + value * (factor[r][s] ?? 0), 0)
    ),
    scale,
  ];
  factor.push(row);
  return row.map((entry) => entry * correlation * scale);
}
