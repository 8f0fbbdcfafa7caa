import { compareCpu } from "./cpu/compare.ts";
import { timeCpu } from "./cpu/stages.ts";
import { type Checks, checkStages } from "./check.ts";
import { processorName } from "../engine/reference/processor.ts";
import { costOf, limitOf } from "./costs.ts";
import { type Peak, peakOf } from "./peak.ts";
import { type PeerTimes, runPeer } from "./peer.ts";
import { firstAtoms, plantedRows } from "./planted.ts";
import { specOf } from "./spec.ts";
import {
  closeSession,
  openSession,
  sessionStages,
  timeRuns,
} from "./session.ts";
import {
  type BenchOptions,
  type BenchReport,
  type BenchStage,
  ERROR_TOLERANCE,
  type StageName,
  SUPPORT_AGREEMENT,
} from "./types.ts";
import type { BenchSize } from "./size.ts";
import { timeTraining } from "./training.ts";
import { timeStep, type WholeTime } from "./whole.ts";

/** What does not change while one size is measured. */
interface Measured {
  size: BenchSize;
  coder: "mp" | "omp";
  atomBatch: number;
  subgroups: boolean;
  /** The Gram that the pursuit searches. */
  search: string;
  options: BenchOptions;
  peak?: Peak | undefined;
}

/**
 * Measures stages and whole iterations on planted data, each held to the CPU oracle on a sample of rows.
 *
 * @param options what to measure
 * @returns a report whose `ok` is false where a result was wrong
 * @throws {DbksvdError} `device` where there is no usable GPU or not enough memory
 */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const report: BenchReport = {
    device: { name: "", kind: options.device, software: false },
    stages: [],
    problems: [],
    notes: [],
    ok: true,
  };
  if (options.device === "cpu" && options.peer) {
    const { problems, notes } = report;
    report.device.name = processorName();
    report.comparisons = await compareCpu(options, problems, notes);
    report.ok = problems.length === 0;
    return report;
  }
  for (const size of options.sizes) {
    const atomBatch = options.atomBatch ?? Math.max(1, Math.floor(size.m / 32));
    options.onProgress?.(`${sizeText(size)}: making rows`);
    const data = plantedRows(size);
    const problem = {
      data,
      rows: size.rows,
      dictionary: firstAtoms(data, size),
    };
    const peer = options.peer && options.device === "gpu"
      ? await askPeer(report, size, atomBatch, options)
      : {};
    for (const coder of options.coders) {
      const task = { size, coder, atomBatch, options, problem, peer };
      if (options.device === "cpu") await measureCpu(report, task);
      else await measureGpu(report, task);
    }
  }
  report.ok = report.problems.length === 0;
  return report;
}

/** One size and coder to measure. */
interface Task {
  size: BenchSize;
  coder: "mp" | "omp";
  atomBatch: number;
  options: BenchOptions;
  problem: {
    data: Float32Array<ArrayBuffer>;
    rows: number;
    dictionary: Float32Array;
  };
  peer: PeerTimes;
}

async function measureGpu(report: BenchReport, task: Task): Promise<void> {
  const { size, coder, atomBatch, options, problem, peer } = task;
  const spec = specOf(size, coder, options.gram, options.refine);
  const tell = (what: string) =>
    options.onProgress?.(`${coder} ${sizeText(size)}: ${what}`);
  const { ridge, subgroups: wanted, train } = options;
  const session = await openSession(spec, problem, {
    atomBatch,
    ridge,
    subgroups: wanted,
  });
  const { adapter, subgroups } = session.context.gpu;
  const { search } = session.context.kernelContext;
  const peak = peakOf(adapter.name);
  report.device = {
    name: adapter.name,
    kind: "gpu",
    software: adapter.software,
    peak,
  };
  const measured = {
    size,
    coder,
    atomBatch,
    subgroups,
    search,
    options,
    peak,
  };
  const times: Partial<Record<StageName, WholeTime>> = {};
  let checks: Checks = {};
  try {
    if (options.stages ?? true) {
      tell("checking");
      checks = await checkStages(session);
      for (const { stage, run } of sessionStages(session)) {
        tell(stage);
        const milliseconds = await timeRuns(
          session,
          run,
          options.runs,
          options.leastMs,
        );
        const pursuit = stage === "refine" ? times.omp!.milliseconds : 0;
        times[stage] = {
          milliseconds: Math.max(0, milliseconds - pursuit),
          gpuBusy: null,
        };
      }
    }
  } finally {
    closeSession(session);
  }
  if (options.stages ?? true) {
    tell("step");
    times.step = await timeStep(spec, problem, options, atomBatch);
  }
  if (train !== undefined) {
    tell("train");
    times.train = await timeTraining(problem.data, size, {
      ...train,
      coder,
      atomBatch: options.atomBatch,
      gram: options.gram,
      held: options.held ?? "f32",
      subgroups: wanted,
    });
  }
  for (const [stage, time] of Object.entries(times)) {
    const row = stageRow(measured, stage as StageName, time, checks, peer);
    report.stages.push(row);
    report.problems.push(...wrongIn(row));
  }
}

async function askPeer(
  report: BenchReport,
  size: BenchSize,
  atomBatch: number,
  options: BenchOptions,
): Promise<PeerTimes> {
  options.onProgress?.(`peer ${sizeText(size)}`);
  const times = await runPeer(size, atomBatch);
  if (!("missing" in times)) return times;
  report.notes.push(`The peer was not run: ${times.missing}`);
  return {};
}

async function measureCpu(report: BenchReport, task: Task): Promise<void> {
  const { size, coder, atomBatch, options, problem } = task;
  const spec = specOf(size, coder, options.gram, options.refine);
  options.onProgress?.(`${coder} ${sizeText(size)}: the CPU engine`);
  const { times, checks, name } = await timeCpu(
    spec,
    problem,
    options,
    atomBatch,
  );
  report.device.name = name;
  const measured = {
    size,
    coder,
    atomBatch,
    subgroups: false,
    search: "floats",
    options,
  };
  for (const [stage, milliseconds] of Object.entries(times)) {
    const time = { milliseconds, gpuBusy: null };
    const row = stageRow(measured, stage as StageName, time, checks, {});
    report.stages.push(row);
    report.problems.push(...wrongIn(row));
  }
}

function stageRow(
  { size, coder, atomBatch, subgroups, search, peak, options }: Measured,
  stage: StageName,
  { milliseconds, gpuBusy, phaseSeconds }: WholeTime,
  checks: Checks,
  peer: PeerTimes,
): BenchStage {
  const gramBytes = search === "floats" ? 4 : 2;
  const cost = costOf(stage, size, gramBytes, options.refine);
  const limit = limitOf(cost, peak && peak.flops / peak.bytes);
  const reached = cost[limit] / (milliseconds / 1000);
  const check = checks[stage];
  const peerMilliseconds =
    peer[stage === "step" && coder === "omp" ? "stepOmp" : stage];
  return {
    stage,
    coder,
    ...size,
    atomBatch,
    precision: search === "floats"
      ? "f32"
      : `f32, Gram searched in halves${
        search === "verified" ? ", verified" : ""
      }`,
    subgroups,
    milliseconds,
    limit,
    percentOfLimit: peak === undefined || reached === 0
      ? null
      : 100 * reached / peak[limit],
    gpuBusy,
    // Refined supports get their coefficients from the stage after them.
    maxRelativeError: stage === "refine"
      ? null
      : check?.maxRelativeError ?? null,
    ...(check?.supportAgreement === undefined
      ? {}
      : { supportAgreement: check.supportAgreement }),
    ...(peerMilliseconds === undefined ? {} : { peerMilliseconds }),
    ...(phaseSeconds === undefined ? {} : { phaseSeconds }),
  };
}

function wrongIn(row: BenchStage): string[] {
  const where = `${row.stage} (${row.coder}, ${sizeText(row)})`;
  const problems: string[] = [];
  if (
    row.maxRelativeError !== null && !(row.maxRelativeError <= ERROR_TOLERANCE)
  ) {
    problems.push(
      `${where} is off by ${row.maxRelativeError.toExponential(1)}`,
    );
  }
  if (
    row.supportAgreement !== undefined &&
    row.supportAgreement < SUPPORT_AGREEMENT
  ) {
    problems.push(
      `${where} agrees on ${100 * row.supportAgreement}% of supports`,
    );
  }
  return problems;
}

function sizeText({ n, m, k, rows }: BenchSize): string {
  return `n ${n}, m ${m}, k ${k}, N ${rows}`;
}
