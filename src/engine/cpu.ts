import { MP_STEPS_PER_NONZERO } from "../thresholds.ts";
import { compileKernels } from "../wasm/module.ts";
import { checkBlas } from "./cpu/blas_check.ts";
import { type Context, contextOf, type ThreadStart } from "./cpu/context.ts";
import { Crew } from "./cpu/crew.ts";
import { Halves } from "./cpu/halves.ts";
import { codeGroup, iterateOnce, setSlots } from "./cpu/iteration.ts";
import { layOut, memoryFor, placeOf } from "./cpu/layout.ts";
import { Loader } from "./cpu/loading.ts";
import type { Parts } from "./cpu/parts.ts";
import { THREAD, threadsFor } from "./cpu/plan.ts";
import { makeRunner } from "./cpu/tasks.ts";
import {
  type Codes,
  EMPTY_SLOT,
  type EngineInfo,
  type EngineOptions,
  type EngineRows,
  type EngineSpec,
  type IterationReport,
  type IterationStep,
} from "./engine.ts";
import type { GroupEngine, SumWay, WorstRows } from "./group_engine.ts";
import { ProgressReporter } from "./progress.ts";
import { processorName } from "./reference/processor.ts";

/** How a CPU engine is made. */
export interface CpuEngineOptions
  extends Pick<EngineOptions, "threads" | "blas" | "onProgress"> {
  /** Steps of matching pursuit for each allowed nonzero, in place of 4: benchmarks beside other programs take 1. */
  mpSteps?: number;
}

/**
 * Makes the engine that runs on the processor: kernels in WebAssembly SIMD on as many threads as are asked for. The
 * result is the same bytes on any number of them.
 *
 * @param spec everything fixed for the engine's life
 * @param options how many threads, as many as there are cores where left out, and who is called with how far a call is
 * @throws {DbksvdError} `run` where the memory for it cannot be had; `usage` or `device` where the BLAS asked for
 * cannot be
 */
export function createCpuEngine(
  spec: EngineSpec,
  options: CpuEngineOptions = {},
): Promise<GroupEngine> {
  try {
    return Promise.resolve(new CpuEngine(spec, options));
  } catch (error) {
    return Promise.reject(error);
  }
}

class CpuEngine implements GroupEngine {
  readonly info: EngineInfo;
  readonly spec: EngineSpec;
  readonly #parts: Parts;
  readonly #loader: Loader;
  #reports: IterationReport[] = [];
  #halves: Halves | undefined;

  constructor(spec: EngineSpec, options: CpuEngineOptions) {
    this.spec = spec;
    const { blas } = options, threads = threadsFor(options.threads);
    if (blas !== undefined) checkBlas(blas);
    const layout = layOut(spec, threads, blas !== undefined);
    const memory = memoryFor(layout);
    const kernels = compileKernels(memory);
    const { mpSteps = MP_STEPS_PER_NONZERO } = options;
    const start = { spec, layout, kernels, memory, number: 0, blas, mpSteps };
    const context = contextOf(start);
    const crew = new Crew(
      memory,
      threads,
      makeRunner(context),
      (number) => startThread({ ...start, number }),
    );
    this.#parts = {
      spec,
      context,
      crew,
      progress: new ProgressReporter(options.onProgress),
      fresh: new Set(),
    };
    this.#loader = new Loader(this.#parts);
    new Float32Array(memory.buffer, layout.mean).set(spec.normalisation.mean);
    for (const { first, start, atoms } of layout.groups) {
      const weights = spec.coder.weights?.subarray(start, start + atoms);
      if (weights !== undefined) {
        this.#floats(layout.choice + 4 * first, atoms).set(weights);
      }
    }
    this.info = {
      kind: "cpu",
      name: processorName(),
      software: false,
      details: {
        threads,
        fused: context.kernels.probe() !== 0,
        ...(context.blas === undefined ? {} : { blas: context.blas.name }),
      },
    };
  }

  get #context(): Context {
    return this.#parts.context;
  }

  loadDictionary(
    dictionary: Float32Array,
    weights?: Float32Array,
  ): Promise<void> {
    const { width, padded } = this.#context.layout;
    this.#forEachAtom((atom, at) => {
      const from = dictionary.subarray(atom * width, (atom + 1) * width);
      this.#floats(at, padded).set(from);
    });
    const { views } = this.#context;
    if (weights === undefined) views.weights.fill(0);
    else views.weights.set(weights);
    this.#parts.fresh.clear();
    return Promise.resolve();
  }

  readDictionary(): Promise<Float32Array> {
    const { atoms, width } = this.spec;
    const dictionary = new Float32Array(atoms * width);
    this.#forEachAtom((atom, at) =>
      dictionary.set(this.#floats(at, width), atom * width)
    );
    return Promise.resolve(dictionary);
  }

  readWeights(): Promise<Float32Array> {
    return Promise.resolve(this.#context.views.weights.slice());
  }

  holdRows(
    rows: { data: Float32Array; rows: number },
  ): Promise<number | undefined> {
    return Promise.resolve(this.#loader.hold(rows));
  }

  iterate(rows: EngineRows, step: IterationStep): Promise<void> {
    this.#loader.take(rows);
    this.#reports.push(iterateOnce(this.#parts, rows.rows, step));
    return Promise.resolve();
  }

  begin(
    rows: EngineRows,
    step: IterationStep,
    way: SumWay,
  ): Promise<void> {
    this.#loader.take(rows);
    this.#halves = new Halves(this.#parts, rows.rows, step, way);
    return Promise.resolve();
  }

  gramPart(from: number, rank: number, ranks: number): Promise<Float32Array> {
    return Promise.resolve(this.#halves!.gramPart(from, rank, ranks));
  }

  takeGram(from: number, parts: readonly Float32Array[]): Promise<void> {
    this.#halves!.takeGram(from, parts);
    return Promise.resolve();
  }

  sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Promise<Float32Array | Float64Array> {
    return Promise.resolve(this.#halves!.sums(from, to, previous));
  }

  apply(
    from: number,
    to: number,
    sums: Float32Array | Float64Array,
  ): Promise<void> {
    this.#halves!.apply(from, to, sums);
    return Promise.resolve();
  }

  finish(
    worst: number,
  ): Promise<{ report: IterationReport; worst: WorstRows }> {
    return Promise.resolve(this.#halves!.finish(worst));
  }

  replace(atoms: Uint32Array, vectors: Float32Array): Promise<void> {
    const { layout, orders, views } = this.#context, { width } = layout;
    const side = layout.dictionaries[orders.get("side")];
    atoms.forEach((atom, i) => {
      const vector = vectors.subarray(i * width, (i + 1) * width);
      const at = side + placeOf(layout, atom) * layout.rowBytes;
      this.#floats(at, width).set(vector);
      views.weights[atom] = 0;
    });
    this.#parts.fresh.clear();
    return Promise.resolve();
  }

  reports(): Promise<IterationReport[]> {
    const reports = this.#reports;
    this.#reports = [];
    return Promise.resolve(reports);
  }

  encode(rows: EngineRows, threshold?: number): Promise<Codes> {
    this.#loader.load(rows);
    const { layout, views } = this.#context;
    const { sparsity } = this.spec.coder, count = rows.rows;
    for (const group of layout.groups) {
      setSlots(this.#parts, group, sparsity);
      const plain = { ridge: 0, shrink: 0 };
      codeGroup(this.#parts, group, plain, () => {}, threshold);
    }
    const { indices, values } = this.#codes(count);
    const { energies, errors } = views;
    const residual = new Float32Array(count);
    for (let row = 0; row < count; row++) {
      residual[row] = energies[row] > 0 ? errors[row] / energies[row] : 0;
    }
    return Promise.resolve({
      rows: count,
      sparsity,
      indices,
      values,
      residual,
    });
  }

  close(): Promise<void> {
    this.#parts.crew.close();
    this.#loader.clear();
    return Promise.resolve();
  }

  // The codes at hand, in atoms of the dictionary and raw units.
  #codes(rows: number): { indices: Uint32Array; values: Float32Array } {
    const { layout: { groups, sparsity }, orders, views } = this.#context;
    const { scale } = this.spec.normalisation;
    const indices = views.indices.slice(0, rows * sparsity);
    const values = views.values.slice(0, rows * sparsity);
    for (const group of groups) {
      if (group.start === 0) continue;
      setSlots(this.#parts, group, sparsity);
      const slot = orders.get("slot"), end = slot + orders.get("slots");
      for (let row = 0; row < rows; row++) {
        for (let e = row * sparsity + slot; e < row * sparsity + end; e++) {
          if (indices[e] !== EMPTY_SLOT) indices[e] += group.start;
        }
      }
    }
    if (scale !== 1) {
      for (let e = 0; e < values.length; e++) values[e] /= scale;
    }
    return { indices, values };
  }

  #forEachAtom(visit: (atom: number, at: number) => void): void {
    const { layout, orders } = this.#context;
    const side = layout.dictionaries[orders.get("side")];
    for (const { start, atoms, first } of layout.groups) {
      for (let atom = 0; atom < atoms; atom++) {
        visit(start + atom, side + (first + atom) * layout.rowBytes);
      }
    }
  }

  #floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#context.views.x.buffer, at, count);
  }
}

function startThread(start: ThreadStart): Worker {
  const worker = new Worker(THREAD, { type: "module", name: "dbksvd thread" });
  worker.postMessage(start);
  return worker;
}
