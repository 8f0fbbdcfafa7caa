import text from "../../../../kernels/total.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import { mapAll, stagingBuffer } from "../../../gpu/readback.ts";
import { readTimes, TIMES_BYTES } from "../../../gpu/stage_clock.ts";
import type { IterationReport } from "../../engine.ts";
import type { GpuContext } from "../context.ts";
import { flatKernel, type KernelContext, stageKernels } from "./common.ts";

/** Sums row energies by runs of rows. */
export const REPORT = stageKernels({
  shared: ({ context }) => ({ total: totalKernel(context) }),
});

/** The kernel that sums runs of row energies. */
export function totalKernel(context: KernelContext): KernelSource {
  return flatKernel(context, { name: "total", text });
}

/** One iteration's record on its way back. */
interface Record {
  staging: GPUBuffer;
  rows: number;
  stages: string[];
  queuedAt: number;
}

/** Where things lie in a record, in bytes. */
interface RecordLayout {
  usage: number;
  flags: number;
  sums: number;
  times: number;
  bytes: number;
}

/** Collects what iterations report on the device, and brings it all back in one wait when asked. */
export class ReportQueue {
  readonly #context: GpuContext;
  readonly #layout: RecordLayout;
  #queued: Record[] = [];
  #idle: GPUBuffer[] = [];
  #rows = 0;

  constructor(context: GpuContext) {
    this.#context = context;
    const { spec, plan } = context;
    const usage = 0, flags = 4 * spec.atoms;
    const sums = flags + 4 * Math.ceil(spec.atoms / 32);
    const end = sums + 4 * plan.runs * (1 + 2 * plan.groups.length);
    const times = Math.ceil(end / 8) * 8;
    this.#layout = { usage, flags, sums, times, bytes: times + TIMES_BYTES };
  }

  /** Begins an iteration whose rows are loaded: clears its flags and sums the rows' energies. */
  begin(rows: number): void {
    const { buffers, runner, spec } = this.#context;
    this.#rows = rows;
    runner.clear(buffers.flags, 4 * Math.ceil(spec.atoms / 32));
    this.#sum(0);
  }

  /** Sums the residual's energies into place `which`. */
  sumEnergies(which: number): void {
    this.#sum(which);
  }

  /** Records the copies that end an iteration. */
  end(): void {
    const { buffers, runner, gpu, plan, spec } = this.#context;
    const { usage, flags, sums, times, bytes } = this.#layout;
    const staging = this.#idle.pop() ?? stagingBuffer(gpu, bytes);
    runner.copy(buffers.usage, 0, staging, usage, 4 * spec.atoms);
    runner.copy(
      buffers.flags,
      0,
      staging,
      flags,
      4 * Math.ceil(spec.atoms / 32),
    );
    const sumBytes = 4 * plan.runs * (1 + 2 * plan.groups.length);
    runner.copy(buffers.totalsByRun, 0, staging, sums, sumBytes);
    const stages = runner.resolveTimes(staging, times);
    this.#queued.push({
      staging,
      rows: this.#rows,
      stages,
      queuedAt: performance.now(),
    });
  }

  /** Waits for all queued iterations and returns their reports. */
  async read(): Promise<IterationReport[]> {
    const { gpu, runner } = this.#context;
    const queued = this.#queued;
    this.#queued = [];
    await mapAll(gpu, queued.map(({ staging }) => staging));
    const reports = queued.map((record) => {
      const bytes = this.#layout.times + 16 * record.stages.length;
      const copy = record.staging.getMappedRange(0, align(bytes)).slice(0);
      record.staging.unmap();
      this.#idle.push(record.staging);
      runner.counters.bytesReadBack += bytes;
      return this.#report(record, copy);
    });
    gpu.check();
    return reports;
  }

  #sum(which: number): void {
    const { buffers, runner, kernels, plan: { runs } } = this.#context;
    runner.run(
      kernels.shared(REPORT).total,
      { energies: buffers.energies, sums: buffers.totalsByRun },
      {
        rows: this.#rows,
        run: Math.ceil(this.#rows / runs),
        to: which * runs,
      },
      runs,
    );
  }

  #report(record: Record, bytes: ArrayBuffer): IterationReport {
    const { plan, spec } = this.#context;
    const { usage: at, flags, sums, times } = this.#layout;
    const usage = new Uint32Array(bytes.slice(at, at + 4 * spec.atoms));
    const used = Math.ceil(record.rows / Math.ceil(record.rows / plan.runs));
    const sum = (which: number) =>
      new Float32Array(bytes, sums + 4 * which * plan.runs, used)
        .reduce((all, part) => all + part, 0);
    const groups = plan.groups.length;
    const updatedError = sum(2 * groups);
    let codingError = updatedError;
    for (let g = 0; g < groups; g++) {
      codingError += sum(1 + 2 * g) - sum(2 + 2 * g);
    }
    const measured = readTimes(
      record.stages,
      new BigUint64Array(bytes, times, 2 * record.stages.length),
    );
    return {
      rows: record.rows,
      energy: sum(0),
      codingError,
      updatedError,
      nonzeros: usage.reduce((all, uses) => all + uses, 0),
      usage,
      duplicates: flagged(
        new Uint32Array(bytes, flags, Math.ceil(spec.atoms / 32)),
        spec.atoms,
      ),
      milliseconds: record.stages.length > 0
        ? measured.total
        : performance.now() - record.queuedAt,
      stages: measured.stages,
    };
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function flagged(words: Uint32Array, atoms: number): Uint32Array {
  const found: number[] = [];
  for (let atom = 0; atom < atoms; atom++) {
    if ((words[atom >> 5] >>> (atom & 31)) & 1) found.push(atom);
  }
  return Uint32Array.from(found);
}
