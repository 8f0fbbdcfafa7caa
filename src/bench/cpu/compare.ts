import process from "node:process";
import { type CpuEngineOptions, createCpuEngine } from "../../engine/cpu.ts";
import type { Engine, EngineSpec } from "../../engine/engine.ts";
import { createReferenceEngine } from "../../engine/reference.ts";
import { atomOrder } from "../../learn/plan.ts";
import { firstAtoms, plantedRows } from "../planted.ts";
import { specOf } from "../spec.ts";
import type { BenchOptions } from "../types.ts";
import type { BenchSize } from "../size.ts";
import { measureCore } from "./peak.ts";
import { NumpyPeer, type NumpyRun } from "./peer.ts";
import type { CpuComparison, CpuComparisons, StepTime } from "./types.ts";

/** The sizes that the CPU engine is compared at where none are given. */
export const CPU_SIZES: readonly BenchSize[] = [
  { n: 100, m: 512, k: 8, rows: 9000 },
  { n: 512, m: 2048, k: 16, rows: 8192 },
  { n: 768, m: 4096, k: 32, rows: 4096 },
  { n: 2304, m: 4096, k: 20, rows: 8192 },
];

/** Steps are timed so often at least, and again until so many milliseconds have passed. */
const RUNS = 2, LEAST_MS = 600;

/** The reference engine is given so many multiply-adds of products at most: rows are left out beyond. */
const REFERENCE_WORK = 3e10;

/** Ours and NumPy's steps may leave shares of the rows that differ by this: roundings decide near ties. */
const LEFT_OFF = 0.01;

interface Problem {
  size: BenchSize;
  data: Float32Array<ArrayBuffer>;
  atoms: Float32Array;
  order: Uint32Array;
  atomBatch: number;
}

/**
 * Times whole steps on planted rows: one thread, all cores, a native BLAS where asked for, the reference engine, and
 * NumPy on the very same rows, atoms and order.
 *
 * @param options sizes, coders, whether the peer runs, the BLAS
 * @param problems takes what was found wrong
 * @param notes takes what could not be measured
 */
export async function compareCpu(
  options: BenchOptions,
  problems: string[],
  notes: string[],
): Promise<CpuComparisons> {
  options.onProgress?.("the core's own peak");
  const core = measureCore(), rows: CpuComparison[] = [];
  for (const size of options.sizes) {
    const problem = problemOf(size, options);
    const peer = options.peer
      ? await askNumpy(problem, options, notes)
      : undefined;
    for (const coder of options.coders) {
      for (const mpSteps of coder === "mp" ? [1, 4] : [1]) {
        const row = await compare(problem, coder, mpSteps, options);
        if (peer !== undefined && mpSteps === 1) {
          row.peer = timesOf(peer, coder);
          checkLeft(row, problems);
        }
        rows.push(row);
      }
    }
  }
  return { core, rows };
}

function problemOf(size: BenchSize, options: BenchOptions): Problem {
  options.onProgress?.(`${text(size)}: making rows`);
  const data = plantedRows(size);
  return {
    size,
    data,
    atoms: firstAtoms(data, size),
    order: atomOrder([size.m], 0, 0, false),
    atomBatch: options.atomBatch ?? Math.max(1, Math.floor(size.m / 32)),
  };
}

async function compare(
  problem: Problem,
  coder: "mp" | "omp",
  mpSteps: number,
  options: BenchOptions,
): Promise<CpuComparison> {
  const { size, atomBatch } = problem;
  const spec = specOf(size, coder, "f32");
  const threads = options.threads ?? navigator.hardwareConcurrency;
  const timed = async (what: string, engine: CpuEngineOptions) => {
    const steps = coder === "mp" && mpSteps > 1 ? `, ${mpSteps}k steps` : "";
    options.onProgress?.(`${coder} ${text(size)}: ${what}${steps}`);
    return await timeEngine(
      spec,
      problem,
      size.rows,
      (spec) => createCpuEngine(spec, { ...engine, mpSteps }),
    );
  };
  const one = await timed("one thread", { threads: 1 });
  const all = await timed(`${threads} threads`, { threads });
  const { blas } = options;
  const native = blas === undefined
    ? undefined
    : await timed("BLAS", { threads, blas });
  return {
    ...size,
    coder,
    atomBatch,
    mpSteps,
    threads,
    one: one.time,
    all: all.time,
    left: one.left,
    ...(native === undefined
      ? {}
      : { blas: { ...native.time, name: native.name } }),
    ...(coder === "omp"
      ? { reference: await reference(problem, options) }
      : {}),
  };
}

// OMP on the reference engine and on one thread of ours, with as many rows as the former gets through in a moment.
async function reference(problem: Problem, options: BenchOptions) {
  const { size: { n, m, k, rows: all } } = problem;
  const rows = Math.max(
    256,
    Math.min(all, Math.floor(REFERENCE_WORK / (n * m) / 256) * 256),
  );
  const spec = specOf({ n, m, k, rows }, "omp", "f32");
  options.onProgress?.(`omp ${text(problem.size)}: the reference engine`);
  const plain = await timeEngine(spec, problem, rows, createReferenceEngine, 1);
  const ours = await timeEngine(
    spec,
    problem,
    rows,
    (spec) => createCpuEngine(spec, { threads: 1 }),
  );
  return {
    rows,
    milliseconds: plain.time.cpuMilliseconds,
    oursMilliseconds: ours.time.cpuMilliseconds,
  };
}

async function timeEngine(
  spec: EngineSpec,
  { data, atoms, order, atomBatch, size }: Problem,
  rows: number,
  create: (spec: EngineSpec) => Promise<Engine>,
  runs = RUNS,
): Promise<{ time: StepTime; left: number; name: string }> {
  const engine = await create(spec);
  const step = { order, atomBatch, ridge: 0, replace: new Uint32Array(0) };
  const time: StepTime = {
    milliseconds: Infinity,
    cpuMilliseconds: Infinity,
  };
  const share = data.subarray(0, rows * size.n);
  const begun = performance.now();
  let left = 0;
  try {
    for (
      let run = 0;
      run < runs || (runs > 1 && performance.now() - begun < LEAST_MS);
      run++
    ) {
      await engine.loadDictionary(atoms);
      const cpu = processMs(), wall = performance.now();
      await engine.iterate({ data: share, rows }, step);
      time.milliseconds = Math.min(time.milliseconds, performance.now() - wall);
      time.cpuMilliseconds = Math.min(time.cpuMilliseconds, processMs() - cpu);
      const [report] = await engine.reports();
      left = report.updatedError / report.energy;
    }
    return { time, left, name: `${engine.info.details.blas}` };
  } finally {
    await engine.close();
  }
}

async function askNumpy(
  { size, data, atoms, order, atomBatch }: Problem,
  options: BenchOptions,
  notes: string[],
): Promise<NumpyRun | undefined> {
  options.onProgress?.(`${text(size)}: NumPy`);
  const threads = options.threads ?? navigator.hardwareConcurrency;
  using peer = await NumpyPeer.prepare({ data, atoms, order });
  const answer = await peer.run(size, atomBatch, threads);
  if (!("missing" in answer)) return answer;
  const note = `NumPy was not run: ${answer.missing}`;
  if (!notes.includes(note)) notes.push(note);
  return undefined;
}

function timesOf({ one, all }: NumpyRun, coder: "mp" | "omp") {
  const time = ({ milliseconds, cpuMilliseconds }: StepTime): StepTime => ({
    milliseconds,
    cpuMilliseconds,
  });
  return {
    library: one.library,
    numpy: one.numpy,
    one: time(one[coder]),
    all: time(all[coder]),
    left: one[coder].left,
  };
}

function checkLeft(row: CpuComparison, problems: string[]): void {
  const off = Math.abs(row.left - row.peer!.left);
  if (off <= LEFT_OFF * Math.max(row.left, 0.01)) return;
  problems.push(
    `${row.coder} ${text(row)}: ours leaves ${
      row.left.toPrecision(5)
    } of the rows, NumPy ${row.peer!.left.toPrecision(5)}`,
  );
}

function processMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function text({ n, m, k, rows }: BenchSize): string {
  return `n ${n} m ${m} k ${k} rows ${rows}`;
}
