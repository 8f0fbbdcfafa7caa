import assert from "node:assert/strict";
import {
  type Codes,
  EMPTY_SLOT,
  type EngineSpec,
  type IterationReport,
  type IterationStep,
} from "../../src/engine/engine.ts";
import { atomOrder } from "../../src/learn/plan.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import { type EngineUnderTest, plainSpec, withEngine } from "./engines.ts";
import { randomValues } from "./planted.ts";
import {
  inner,
  ksvdUpdate,
  type Matrix64,
  residualOf,
  rowsOf,
  type SparseRows,
} from "./reference.ts";

/** What one iteration made of a dictionary. */
export interface Iterated {
  before: Codes;
  report: IterationReport;
  dictionary: Float32Array;
  weights: Float32Array;
  /** Where the engine shows them. */
  updated?: Codes | undefined;
}

/** Encodes, iterates once and reads everything back, on a fresh engine. */
export function iterateOnce(
  engine: EngineUnderTest,
  spec: EngineSpec,
  dictionary: Float32Array,
  data: Float32Array<ArrayBuffer>,
  changes: Partial<IterationStep> = {},
  weights?: Float32Array,
): Promise<Iterated> {
  return withEngine(engine, spec, dictionary, async (e) => {
    const rows = data.length / spec.width;
    await e.loadDictionary(dictionary, weights);
    const before = await e.encode({ data: data.slice(), rows });
    await e.iterate({ data: data.slice(), rows }, stepOf(spec, changes));
    const [report] = await e.reports();
    return {
      before,
      report,
      updated: await engine.updatedCodes?.(e, rows),
      dictionary: await e.readDictionary(),
      weights: await e.readWeights(),
    };
  });
}

/** An iteration of B = 7 in shuffled order, nothing else. */
export function stepOf(
  spec: EngineSpec,
  changes: Partial<IterationStep> = {},
): IterationStep {
  return {
    order: atomOrder(spec.groups, 3, 0, spec.exact),
    atomBatch: spec.exact ? 1 : 7,
    ridge: 0,
    replace: new Uint32Array(0),
    ...changes,
  };
}

/** Codes as lists. */
export function codesOf(codes: Codes): SparseRows {
  const k = codes.sparsity;
  return Array.from({ length: codes.rows }, (_, i) => {
    const support = [...codes.indices.subarray(i * k, i * k + k)]
      .filter((j) => j !== EMPTY_SLOT);
    return {
      support,
      x: [...codes.values.subarray(i * k, i * k + support.length)],
    };
  });
}

/** Approximate K-SVD in atom batches, one power step, as the algorithm's formulas stand. */
export function referenceUpdate(
  width: number,
  data: Float32Array,
  dictionary: Float32Array,
  before: Codes,
  atomBatch: number,
): { dictionary: Float32Array; residual: Matrix64; error: number } {
  const n = width;
  const d = rowsOf(dictionary, n), codes = codesOf(before);
  const residual = rowsOf(data, n).map((y, i) =>
    residualOf(d, codes[i].support, codes[i].x, y)
  );
  const order = atomOrder([dictionary.length / n], 3, 0, false);
  for (let b = 0; b < order.length; b += atomBatch) {
    const stale = residual.map((r) => r.slice());
    for (const j of order.subarray(b, b + atomBatch)) {
      const uses = codes.flatMap(({ support }, i) => {
        const s = support.indexOf(j);
        return s < 0 ? [] : [{ i, s }];
      });
      if (uses.length === 0) continue;
      const old = d[j], v = new Float64Array(n);
      for (const { i, s } of uses) {
        const x = codes[i].x[s];
        for (let p = 0; p < n; p++) v[p] += x * (stale[i][p] + x * old[p]);
      }
      const norm = Math.sqrt(inner(v, v));
      d[j] = v.map((value) => value / norm);
      for (const { i, s } of uses) {
        const x = codes[i].x[s];
        const next = inner(d[j], stale[i]) + inner(d[j], old) * x;
        for (let p = 0; p < n; p++) {
          residual[i][p] += x * old[p] - next * d[j][p];
        }
        codes[i].x[s] = next;
      }
    }
  }
  return {
    dictionary: Float32Array.from(d.flatMap((atom) => [...atom])),
    residual,
    error: residual.reduce((sum, r) => sum + inner(r, r), 0),
  };
}

/** A dictionary near the planted one, so that there is something to learn. */
export function jittered(
  dictionary: Float32Array,
  width: number,
): Float32Array {
  const random = randomStream(9, "jitter");
  const count = dictionary.length / width;
  let at = 0;
  return unitRows(
    count,
    width,
    () => dictionary[at++] + 0.1 * random.normal(),
  );
}

/** Greatest absolute difference. */
export function greatest(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
}

/**
 * Asserts that one exact iteration is a K-SVD update with full SVDs, to KSVD.jl's own bound of 3.5e-3.
 *
 * @param sizes of a problem with uniform rows, as KSVD.jl's update test has
 */
export async function assertExactUpdate(
  engine: EngineUnderTest,
  sizes: { width: number; atoms: number; rows: number; sparsity: number },
): Promise<void> {
  const { width, atoms, rows } = sizes;
  const data = randomValues(rows * width, "exact rows", "uniform");
  const dictionary = unitRows(atoms, width, randomStream(5, "exact").normal);
  const spec = plainSpec(sizes, { exact: true });
  const done = await iterateOnce(engine, spec, dictionary, data);
  const expected = ksvdUpdate(
    rowsOf(data, width),
    rowsOf(dictionary, width),
    codesOf(done.before),
  );
  const off = relativeDistance(rowsOf(done.dictionary, width), expected.atoms);
  assert(off < 3.5e-3, `atoms are ${off} off`);
  const error = Math.abs(done.report.updatedError - expected.error);
  assert(error < 3.5e-3 * expected.error);
  if (done.updated === undefined) return;
  const signs = rowsOf(done.dictionary, width)
    .map((d, j) => Math.sign(inner(d, expected.atoms[j])) || 1);
  const astray = codesDistance(codesOf(done.updated), expected.codes, signs);
  assert(astray < 3.5e-3, `codes are ${astray} off`);
}

function codesDistance(
  found: SparseRows,
  expected: SparseRows,
  signs: number[],
): number {
  let off = 0, size = 0;
  expected.forEach(({ support, x }, i) => {
    assert.deepEqual(found[i].support, support);
    support.forEach((j, s) => {
      off += (signs[j] * found[i].x[s] - x[s]) ** 2;
      size += x[s] ** 2;
    });
  });
  return Math.sqrt(off / size);
}

function relativeDistance(found: Matrix64, expected: Matrix64): number {
  let off = 0, size = 0;
  expected.forEach((d, j) => {
    const sign = Math.sign(inner(d, found[j])) || 1;
    for (let p = 0; p < d.length; p++) off += (found[j][p] - sign * d[p]) ** 2;
    size += inner(d, d);
  });
  return Math.sqrt(off / size);
}
