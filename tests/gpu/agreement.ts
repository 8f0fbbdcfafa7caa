import assert from "node:assert/strict";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type {
  Codes,
  Engine,
  IterationReport,
  IterationStep,
} from "../../src/engine/engine.ts";
import type { GpuEngineOptions } from "../../src/engine/gpu/gpu.ts";
import { stepOf } from "../engine/iterated.ts";
import type { PlantedProblem } from "./planted.ts";
import { createEngineWithin } from "./within.ts";

/** Greatest difference of atoms between engines after one iteration from the same state. */
const ATOM_TOLERANCE = 1e-4;

/** Share of rows on which engines must find the same support. */
const SAME_SUPPORTS = 0.999;

/** What an engine makes of a problem: codes before, one iteration, dictionary and codes after. */
export interface Outcome {
  before: Codes;
  report: IterationReport;
  dictionary: Float32Array;
  weights: Float32Array;
  after: Codes;
}

/** Runs a problem on an engine and closes it. */
export async function outcome(
  engine: Engine,
  problem: PlantedProblem,
  step: IterationStep,
  held = false,
): Promise<Outcome> {
  try {
    const { data, rows } = problem;
    const { atoms } = problem.spec;
    const weights = Float32Array.from({ length: atoms }, (_, j) => j % 7);
    await engine.loadDictionary(problem.dictionary, weights);
    const before = await engine.encode({ data, rows });
    const number = held ? await engine.holdRows({ data, rows }) : undefined;
    assert(!held || number !== undefined);
    await engine.iterate(
      number === undefined ? { data, rows } : { held: number, rows },
      step,
    );
    const [report] = await engine.reports();
    const dictionary = await engine.readDictionary();
    const left = await engine.readWeights();
    const after = await engine.encode({ data, rows });
    return { before, report, dictionary, weights: left, after };
  } finally {
    await engine.close();
  }
}

/** Asserts that the GPU engine does as the CPU engine does, under the given options. */
export async function assertEnginesAgree(
  problem: PlantedProblem,
  options: GpuEngineOptions = {},
  changes: Partial<IterationStep> = {},
): Promise<void> {
  const step = stepOf(problem.spec, changes);
  const gpu = await outcome(
    await createEngineWithin(problem.spec, options),
    problem,
    step,
  );
  const cpu = await outcome(
    await createReferenceEngine(problem.spec),
    problem,
    step,
  );
  assertCodesAgree(gpu.before, cpu.before);
  assertReportsAgree(gpu.report, cpu.report);
  assert(greatestDifference(gpu.dictionary, cpu.dictionary) < ATOM_TOLERANCE);
  const heaviest = Math.max(1, ...cpu.weights);
  assert(greatestDifference(gpu.weights, cpu.weights) < 1e-4 * heaviest);
  assertCodesAgree(gpu.after, cpu.after);
}

/** Asserts equal supports, in order of choice, on almost all rows; gives the rows on which they are equal. */
export function assertSupportsAgree(gpu: Codes, cpu: Codes): number[] {
  const k = cpu.sparsity;
  const of = (codes: Codes, row: number) =>
    codes.indices.subarray(row * k, row * k + k).join();
  const same = Array.from({ length: cpu.rows }, (_, row) => row)
    .filter((row) => of(gpu, row) === of(cpu, row));
  assert(
    same.length >= SAME_SUPPORTS * cpu.rows,
    `${same.length} of ${cpu.rows} supports`,
  );
  return same;
}

/** Asserts equal supports on almost all rows, and values and residuals that are close where supports are equal. */
export function assertCodesAgree(gpu: Codes, cpu: Codes): void {
  const k = cpu.sparsity;
  let rounding = 0;
  for (const row of assertSupportsAgree(gpu, cpu)) {
    const size = Math.hypot(...cpu.values.subarray(row * k, row * k + k));
    for (let s = row * k; s < (row + 1) * k; s++) {
      const off = Math.abs(gpu.values[s] - cpu.values[s]);
      rounding = Math.max(rounding, off / (size || 1));
    }
    const off = Math.abs(gpu.residual[row] - cpu.residual[row]);
    rounding = Math.max(rounding, off);
  }
  assert(rounding < 1e-4, `values differ by ${rounding}`);
}

function assertReportsAgree(gpu: IterationReport, cpu: IterationReport): void {
  assert.equal(gpu.rows, cpu.rows);
  const close = (a: number, b: number) =>
    assert(Math.abs(a - b) <= 1e-4 * cpu.energy, `${a} and ${b}`);
  close(gpu.energy, cpu.energy);
  close(gpu.codingError, cpu.codingError);
  close(gpu.updatedError, cpu.updatedError);
  close(gpu.nonzeros, cpu.nonzeros);
  assert.deepEqual([...gpu.duplicates], [...cpu.duplicates]);
  const moved = cpu.usage.reduce(
    (sum, uses, j) => sum + Math.abs(uses - gpu.usage[j]),
    0,
  );
  assert(moved <= (1 - SAME_SUPPORTS) * cpu.nonzeros, `${moved} uses differ`);
}

/** Greatest absolute difference of two arrays. */
function greatestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
}
