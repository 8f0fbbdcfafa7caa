import { createEngineWithin } from "./within.ts";
import assert from "node:assert/strict";
import type { GpuEngine, GpuEngineOptions } from "../../src/engine/gpu/gpu.ts";
import { atomBatches } from "../../src/distributed/iteration.ts";
import { greatest, stepOf } from "../engine/iterated.ts";
import { type PlantedOptions, plantedProblem } from "./planted.ts";

interface Case {
  problem?: PlantedOptions;
  options?: GpuEngineOptions;
}

const CASES: Record<string, Case> = {
  "lists": {},
  "tiles": { options: { tuning: { denseUses: 0.1 } } },
  "several bindings, a few sums at a time": {
    problem: { width: 61, atoms: 200, rowCount: 90, powerSteps: 2 },
    options: { limits: { binding: 16384, memory: 4e5 } },
  },
  "groups by products": {
    problem: { width: 20, atoms: 150, groups: [60, 90], sparsity: 6 },
    options: { tuning: { rates: { flops: Infinity, cacheBytes: 1 } } },
  },
};

/** Two processes: one with the rows from the first to `cut`, one with the others, of which there may be none. */
async function shareIteration(
  engines: readonly GpuEngine[],
  { data, rows, spec }: ReturnType<typeof plantedProblem>,
  cut: number,
  step: ReturnType<typeof stepOf>,
) {
  const n = spec.width;
  const shares = [data.slice(0, cut * n), data.slice(cut * n)];
  const counts = [cut, rows - cut];
  const all = <T>(call: (engine: GpuEngine, i: number) => Promise<T>) =>
    Promise.all(engines.map(call));
  await all((engine, i) =>
    engine.begin(
      { data: shares[i], rows: counts[i] },
      step,
      { sumType: "f32", parts: Uint32Array.of(counts[i]) },
    )
  );
  for (const { from, to } of atomBatches(spec.groups, step.atomBatch)) {
    let total: Float32Array | undefined;
    for (let power = 0; power < spec.powerSteps; power++) {
      const previous = total;
      const [one, other] = await all((engine) =>
        engine.sums(from, to, previous?.slice())
      );
      total = new Float32Array(one).map((v, i) => v + other[i]);
    }
    await all((engine) => engine.apply(from, to, total!.slice()));
  }
  return await all((engine) => engine.finish(5));
}

/** Registers the test of two engines that share an iteration, for some of the cases. */
export function testShared(choose: (name: string) => boolean): void {
  for (const [name, { problem: changes, options }] of Object.entries(CASES)) {
    if (!choose(name)) continue;
    Deno.test(`two GPU engines share an iteration: ${name}`, async () => {
      const problem = plantedProblem(changes), { spec, data, rows } = problem;
      const step = stepOf(spec, { memory: 0.5 });
      const create = async () => {
        const engine = await createEngineWithin(spec, options);
        await engine.loadDictionary(problem.dictionary);
        return engine;
      };
      const alone = await create();
      await alone.iterate({ data: data.slice(), rows }, step);
      const [expected] = await alone.reports();
      const dictionary = await alone.readDictionary();
      await alone.close();
      for (const cut of [rows, Math.floor(rows / 3)]) {
        const engines = [await create(), await create()];
        const found = await shareIteration(engines, problem, cut, step);
        const [one, other] = await Promise.all(
          engines.map((engine) => engine.readDictionary()),
        );
        await Promise.all(engines.map((engine) => engine.close()));
        assert.deepEqual(one, other);
        assert(greatest(one, dictionary) < 1e-5);
        assertShared(found, expected, cut, rows);
      }
    });
  }
}

function assertShared(
  found: Awaited<ReturnType<typeof shareIteration>>,
  expected: Awaited<ReturnType<GpuEngine["reports"]>>[number],
  cut: number,
  rows: number,
): void {
  const [one, other] = found;
  for (const { report } of found) {
    assert.deepEqual(report.usage, expected.usage);
    assert.deepEqual(report.duplicates, expected.duplicates);
  }
  for (const sum of ["energy", "codingError", "updatedError"] as const) {
    const both = one.report[sum] + other.report[sum];
    assert(Math.abs(both / expected[sum] - 1) < 1e-5, sum);
  }
  assert.equal(one.worst.errors.length, 5);
  assert.equal(other.worst.errors.length, Math.min(5, rows - cut));
  const { errors, residuals } = one.worst, n = residuals.length / 5;
  errors.forEach((error, i) => {
    assert(i === 0 || error <= errors[i - 1]);
    const row = residuals.subarray(i * n, (i + 1) * n);
    const length = row.reduce((sum, v) => sum + v * v, 0);
    assert(Math.abs(length / error - 1) < 1e-5);
  });
}
