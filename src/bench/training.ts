import type { Engine, EngineSpec, IterationReport } from "../engine/engine.ts";
import { createGpuEngine } from "../engine/gpu/gpu.ts";
import { createEngine } from "../engine/create.ts";
import { learn } from "../learn/learn.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../options/train_options.ts";
import { rowsFromArray } from "../rows/memory.ts";
import type { TrainingTime } from "./types.ts";
import type { BenchSize } from "./size.ts";

/** Options of a timed training beside its sizes. */
export interface TrainingRun {
  coder: "mp" | "omp";
  /** Rows in host memory, and passes over them. */
  rows: number;
  passes: number;
  gram: "f32" | "f16";
  /** Precision of the rows kept on the device. */
  held: "f32" | "f16";
  /** B; undefined: the default. */
  atomBatch?: number | undefined;
  /** Leave subgroup operations out: the engine then runs in this thread. */
  subgroups?: boolean | undefined;
}

/**
 * Times a training as a user runs it, with every default but those named: rows lie decoded in host memory, the clock
 * runs from the first statistic to the dictionary read back.
 *
 * @param base rows to repeat until there are as many as asked for, each time in memory of their own
 */
export async function timeTraining(
  base: Float32Array,
  { n, m, k, rows: sampleBatch }: BenchSize,
  run: TrainingRun,
): Promise<TrainingTime> {
  const data = repeated(base, run.rows * n);
  const source = rowsFromArray(data, n);
  const marks: number[] = [];
  const reports: IterationReport[] = [];
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  let prepared = 0, ready = 0;
  await learn(source, {
    ...DEFAULT_TRAIN_OPTIONS,
    atoms: m,
    sparsity: k,
    coder: run.coder,
    passes: run.passes,
    sampleBatch,
    atomBatch: run.atomBatch,
    gram: run.gram,
    rows: run.held,
    holdout: 0,
  }, {
    createEngine: async (spec) => {
      prepared = elapsed();
      const engine = await makeEngine(spec, run.subgroups);
      ready = elapsed();
      return watched(engine, reports);
    },
    onProgress: (lines, plan) => {
      const done = lines[lines.length - 1].iteration + 1;
      if (done >= (marks.length + 1) * plan.batches.length) {
        marks.push(elapsed());
      }
    },
  });
  const seconds = elapsed();
  const busy = reports.reduce(
    (sum, { stages }) =>
      sum + Object.values(stages).reduce((all, spent) => all + spent, 0),
    0,
  );
  return {
    milliseconds: seconds * 1000,
    gpuBusy: busy > 0 ? Math.min(1, busy / 1000 / seconds) : null,
    phaseSeconds: {
      statistics: prepared,
      engine: ready - prepared,
      passes: marks.map((at, i) => at - (marks[i - 1] ?? ready)),
      end: seconds - (marks.at(-1) ?? ready),
    },
  };
}

// A worker takes no options for tests, so that without subgroups the engine stays in this thread.
function makeEngine(spec: EngineSpec, subgroups?: boolean): Promise<Engine> {
  return subgroups === false
    ? createGpuEngine(spec, { subgroups })
    : createEngine(spec, { device: "gpu" });
}

function watched(engine: Engine, seen: IterationReport[]): Engine {
  return {
    info: engine.info,
    spec: engine.spec,
    loadDictionary: (dictionary, weights) =>
      engine.loadDictionary(dictionary, weights),
    readDictionary: () => engine.readDictionary(),
    readWeights: () => engine.readWeights(),
    holdRows: (rows) => engine.holdRows(rows),
    iterate: (rows, step) => engine.iterate(rows, step),
    reports: async () => {
      const reports = await engine.reports();
      seen.push(...reports);
      return reports;
    },
    encode: (rows) => engine.encode(rows),
    close: () => engine.close(),
  };
}

function repeated(base: Float32Array, length: number): Float32Array {
  const data = new Float32Array(length);
  for (let at = 0; at < length; at += base.length) {
    data.set(base.subarray(0, Math.min(base.length, length - at)), at);
  }
  return data;
}
