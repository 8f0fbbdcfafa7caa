import type { EngineSpec, IterationReport } from "../engine/engine.ts";
import { createGpuEngine } from "../engine/gpu/gpu.ts";
import { LEAST_MS } from "./session.ts";
import { atomOrder } from "../learn/plan.ts";
import type { BenchOptions, TrainingPhases } from "./types.ts";

/** Wall time of a run and the device's share of it. */
export interface WholeTime {
  milliseconds: number;
  gpuBusy: number | null;
  /** Of a training. */
  phaseSeconds?: TrainingPhases;
}

/** Steps timed together, at most. */
const MOST_RUNS = 100;

interface Problem {
  data: Float32Array<ArrayBuffer>;
  rows: number;
  dictionary: Float32Array;
}

/** Whole iterations as a training queues them: rows held on the device, reports once at the end. */
export async function timeStep(
  spec: EngineSpec,
  problem: Problem,
  options: BenchOptions,
  atomBatch: number,
): Promise<WholeTime> {
  const engine = await createGpuEngine(spec, { subgroups: options.subgroups });
  try {
    await engine.loadDictionary(problem.dictionary);
    const { data, rows } = problem;
    const held = await engine.holdRows({ data, rows });
    const source = held === undefined ? { data, rows } : { held, rows };
    const iterate = (i: number) =>
      engine.iterate(source, stepOf(spec, i, atomBatch, options.ridge));
    const timed = async (first: number, count: number) => {
      const start = performance.now();
      for (let i = 0; i < count; i++) await iterate(first + i);
      const reports = await engine.reports();
      return shareOf(performance.now() - start, reports, count);
    };
    await timed(0, 1);
    const { milliseconds } = await timed(1, 1);
    const { leastMs = LEAST_MS } = options;
    const wanted = Math.ceil(2 * leastMs / milliseconds);
    const runs = Math.min(MOST_RUNS, wanted);
    return await timed(2, Math.max(options.runs, runs));
  } finally {
    await engine.close();
  }
}

function stepOf(
  spec: EngineSpec,
  iteration: number,
  atomBatch: number,
  ridge: number,
) {
  return {
    order: atomOrder(spec.groups, 0, iteration, false),
    atomBatch,
    ridge,
    replace: new Uint32Array(0),
  };
}

function shareOf(
  wall: number,
  reports: IterationReport[],
  runs: number,
): WholeTime {
  const busy = reports.reduce(
    (sum, { stages }) =>
      sum + Object.values(stages).reduce((all, spent) => all + spent, 0),
    0,
  );
  return {
    milliseconds: wall / runs,
    gpuBusy: busy > 0 ? Math.min(1, busy / wall) : null,
  };
}
