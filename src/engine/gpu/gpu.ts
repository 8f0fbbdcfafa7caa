import { DbksvdError } from "../../errors.ts";
import type { GpuDevice } from "../../gpu/device.ts";
import { readBack } from "../../gpu/readback.ts";
import type { RunnerCounters } from "../../gpu/runner.ts";
import type {
  Codes,
  EngineInfo,
  EngineRows,
  EngineSpec,
  IterationReport,
  IterationStep,
} from "../engine.ts";
import type { GroupEngine, WorstRows } from "../group_engine.ts";
import { groupSparsities } from "../group_sparsities.ts";
import { codeGroup, downloadCodes } from "./coding.ts";
import type { GpuContext } from "./context.ts";
import {
  downloadDictionary,
  uploadAtoms,
  uploadDictionary,
} from "./dictionary.ts";
import { GpuHalves } from "./halves.ts";
import { sortCodes } from "./stages/lists.ts";
import { createGpuContext, type GpuEngineOptions } from "./open.ts";
import { flagDuplicates } from "./stages/duplicates.ts";
import { computeGram } from "./stages/gram.ts";
import { replaceAtoms } from "./stages/replace.ts";
import { sumEnergies } from "./stages/residual.ts";
import { ReportQueue } from "./stages/report.ts";
import { RowLoader } from "./stages/rows.ts";
import { foldKernel } from "./stages/fold.ts";
import { updateGroup } from "./stages/update.ts";

export type { GpuEngineOptions } from "./open.ts";

/** The engine in WGSL, with the count of what it did. */
export interface GpuEngine extends GroupEngine {
  /** Dispatches, submits and bytes moved since the engine was made. */
  readonly counters: Readonly<RunnerCounters>;
  /**
   * The codes of the rows worked on last, as they lie on the device: after an iteration, those that its update left.
   */
  readCodes(rows: number): Promise<Codes>;
}

/**
 * Makes the engine that keeps everything on a WebGPU device for the whole of an iteration.
 *
 * @param spec everything fixed for the engine's life
 * @param options lower limits, no subgroups, no timings: what tests ask for
 * @throws {DbksvdError} `device`, where there is no adapter, too little memory, or a driver that refuses a kernel
 */
export async function createGpuEngine(
  spec: EngineSpec,
  options: GpuEngineOptions = {},
): Promise<GpuEngine> {
  return new WgslEngine(await createGpuContext(spec, options));
}

class WgslEngine implements GpuEngine {
  readonly info: EngineInfo;
  readonly spec: EngineSpec;
  readonly #context: GpuContext;
  readonly #rows: RowLoader;
  readonly #reports: ReportQueue;
  /** The group whose Gram of the dictionary as it stands is in memory. */
  #gramOf: number | undefined;
  /** The share of an iteration that is under way. */
  #halves: GpuHalves | undefined;

  constructor(context: GpuContext) {
    this.#context = context;
    this.spec = context.spec;
    this.info = describe(context.gpu);
    this.#rows = new RowLoader(context);
    this.#reports = new ReportQueue(context);
  }

  get counters(): Readonly<RunnerCounters> {
    return { ...this.#context.runner.counters };
  }

  loadDictionary(
    dictionary: Float32Array,
    weights: Float32Array = new Float32Array(this.spec.atoms),
  ): Promise<void> {
    const { gpu, runner, buffers } = this.#context;
    gpu.check();
    uploadDictionary(this.#context, dictionary);
    runner.upload(buffers.weights, weights);
    this.#gramOf = undefined;
    return Promise.resolve();
  }

  async readDictionary(): Promise<Float32Array> {
    return await downloadDictionary(this.#context);
  }

  async readWeights(): Promise<Float32Array> {
    const { gpu, runner, buffers: { weights } } = this.#context;
    const range = { buffer: weights, offset: 0, bytes: 4 * this.spec.atoms };
    const [bytes] = await readBack(gpu, runner, [range]);
    return new Float32Array(bytes);
  }

  async holdRows(
    rows: { data: Float32Array; rows: number },
  ): Promise<number | undefined> {
    this.#context.gpu.check();
    return await this.#rows.hold(rows.data, rows.rows);
  }

  iterate(rows: EngineRows, step: IterationStep): Promise<void> {
    return new Promise((resolve) => resolve(this.#queue(rows, step)));
  }

  async begin(rows: EngineRows, step: IterationStep): Promise<void> {
    const context = this.#context, { runner, kernelContext, plan } = context;
    const setup = { context: kernelContext, spec: this.spec, plan };
    const fold = await runner.compile(foldKernel(setup));
    this.#begin(rows, step, 0);
    const gram = (group: number) => this.#gram(group);
    const tools = { reports: this.#reports, gram, fold };
    this.#halves = new GpuHalves(context, tools, rows.rows, step);
  }

  async sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Promise<Float32Array> {
    return await this.#halves!.sums(from, to, previous);
  }

  apply(
    from: number,
    to: number,
    sums: Float32Array | Float64Array,
  ): Promise<void> {
    this.#halves!.apply(from, to, sums);
    return Promise.resolve();
  }

  async finish(
    wanted: number,
  ): Promise<{ report: IterationReport; worst: WorstRows }> {
    this.#end();
    const [report] = await this.#reports.read();
    return { report, worst: await this.#halves!.worst(wanted) };
  }

  replace(atoms: Uint32Array, vectors: Float32Array): Promise<void> {
    const { runner, buffers: { weights } } = this.#context;
    runner.submit();
    uploadAtoms(this.#context, atoms, vectors);
    atoms.forEach((atom) =>
      runner.upload(weights, new Float32Array(1), 4 * atom)
    );
    this.#gramOf = undefined;
    return Promise.resolve();
  }

  // Loads an iteration's rows, of which there are to be so many at least.
  #begin(rows: EngineRows, step: IterationStep, least: number): void {
    this.#context.gpu.check();
    this.#checkRows(rows, least);
    this.#uploadOrder(step);
    this.#load(rows);
    if ("data" in rows) {
      rows.release?.();
      if (this.spec.rows === "f16") this.#rows.round(rows.rows);
    }
    this.#reports.begin(rows.rows);
  }

  // The dictionary that an iteration made takes the place of the one it began with.
  #end(): void {
    const { runner, buffers } = this.#context;
    this.#reports.end();
    runner.submit();
    [buffers.dictionary, buffers.next] = [buffers.next, buffers.dictionary];
    this.#gramOf = undefined;
  }

  #queue(rows: EngineRows, step: IterationStep): void {
    const context = this.#context, { plan } = context;
    this.#begin(rows, step, 1);
    const { groups, coder } = this.spec, { ridge, shrink } = step;
    const most = groupSparsities(
      groups,
      step.sparsity ?? coder.sparsity,
      coder.groupSparsity,
    );
    for (let g = 0; g < plan.groups.length; g++) {
      this.#gram(g);
      codeGroup(context, g, rows.rows, { ridge, shrink, most: most[g] });
      sortCodes(context, g, rows.rows, step.atomBatch);
      flagDuplicates(context, g);
      this.#reports.sumEnergies(1 + 2 * g);
      updateGroup(context, g, rows.rows, step);
      this.#energies(rows.rows);
      this.#reports.sumEnergies(2 + 2 * g);
    }
    replaceAtoms(context, rows.rows, step.replace);
    this.#end();
  }

  async reports(): Promise<IterationReport[]> {
    return await this.#reports.read();
  }

  async encode(rows: EngineRows, threshold?: number): Promise<Codes> {
    const context = this.#context, { gpu, plan } = context;
    gpu.check();
    this.#checkRows(rows, 1);
    this.#load(rows);
    for (let g = 0; g < plan.groups.length; g++) {
      this.#gram(g);
      codeGroup(context, g, rows.rows, { threshold });
    }
    return await this.readCodes(rows.rows);
  }

  async readCodes(rows: number): Promise<Codes> {
    return await downloadCodes(this.#context, rows);
  }

  close(): Promise<void> {
    this.#context.buffers.memory.freeAll();
    this.#context.gpu.close();
    return Promise.resolve();
  }

  #load(rows: EngineRows): void {
    if ("data" in rows) this.#rows.load(rows.data, rows.rows);
    else this.#rows.restore(rows.held);
  }

  #gram(group: number): void {
    if (this.#gramOf === group || this.#context.plan.form !== "gram") return;
    computeGram(this.#context, group);
    this.#gramOf = group;
  }

  #energies(rows: number): void {
    this.#context.runner.stage("update");
    sumEnergies(this.#context, rows);
  }

  #uploadOrder(step: IterationStep): void {
    const { runner, buffers } = this.#context;
    const turns = new Uint32Array(step.order.length);
    step.order.forEach((atom, turn) => turns[atom] = turn);
    runner.upload(buffers.order, step.order);
    runner.upload(buffers.turns, turns);
    if (step.replace.length > 0) runner.upload(buffers.replaced, step.replace);
  }

  #checkRows(rows: EngineRows, least: number): void {
    if (rows.rows >= least && rows.rows <= this.spec.sampleBatch) return;
    throw new DbksvdError(
      "run",
      `The engine was given ${rows.rows} rows and takes ${least} to ${this.spec.sampleBatch}`,
    );
  }
}

function describe(gpu: GpuDevice): EngineInfo {
  return {
    kind: "gpu",
    name: gpu.adapter.name,
    software: gpu.adapter.software,
    details: {
      vendor: gpu.adapter.vendor,
      architecture: gpu.adapter.architecture,
      subgroups: gpu.subgroups,
      timestamps: gpu.timestamps,
      maxStorageBufferBindingSize: gpu.limits.binding,
      maxComputeWorkgroupStorageSize: gpu.limits.workgroupMemory,
    },
  };
}
