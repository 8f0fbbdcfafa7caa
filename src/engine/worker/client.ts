import type {
  Codes,
  Engine,
  EngineInfo,
  EngineOptions,
  EngineRows,
  EngineSpec,
  IterationReport,
  IterationStep,
} from "../engine.ts";
import type {
  GroupEngine,
  GroupWay,
  JoinedEngine,
  SumWay,
  WorstRows,
} from "../group_engine.ts";
import { type EngineThread, WorkerLine } from "./line.ts";
import {
  type Created,
  type EngineCall,
  type EngineRequest,
  type Held,
  transfersOf,
} from "./protocol.ts";

/** How an engine in a worker is started. */
export interface WorkerEngineOptions extends EngineOptions {
  /** The thread that makes the calls of the engine's group, for it to live there, too: see {@linkcode JoinedEngine}. */
  thread?: (() => EngineThread) | undefined;
  /** Ends the engine at once, whatever it is doing; in the thread of a group, after what it is doing. */
  signal?: AbortSignal | undefined;
  /** A GPU that answers nothing for so long is taken for hung; 1800 by default. */
  watchdogSeconds?: number;
}

/**
 * Starts an engine in a worker: the thread that calls stays free for signals and progress, and outlives a device that
 * hangs. Buffers of rows are handed over, not copied.
 *
 * @param worker a worker, or a part of one, that serves an engine (see `serveEngine`); it belongs to the engine from
 * now on
 * @throws {DbksvdError} what making the engine throws; `device` where it does not answer
 */
export async function engineInWorker(
  worker: EngineThread,
  spec: EngineSpec,
  options: WorkerEngineOptions,
): Promise<Engine> {
  const line = new WorkerLine(worker, options);
  const { device = "auto", threads, blas } = options;
  try {
    const create: EngineRequest = { spec, device, threads, blas };
    const { info } = await line.ask({ create }) as Created;
    if (info.kind === "cpu" || info.software) line.unwatch();
    const Kind = options.thread === undefined
      ? WorkerEngine
      : JoinedWorkerEngine;
    return new Kind(line, info, spec);
  } catch (error) {
    await line.close();
    throw error;
  }
}

class WorkerEngine implements GroupEngine {
  readonly #line: WorkerLine;
  readonly info: EngineInfo;
  readonly spec: EngineSpec;
  #iterating: Promise<unknown> = Promise.resolve();

  constructor(line: WorkerLine, info: EngineInfo, spec: EngineSpec) {
    this.#line = line;
    this.info = info;
    this.spec = spec;
  }

  async loadDictionary(
    dictionary: Float32Array,
    weights?: Float32Array,
  ): Promise<void> {
    await this.call("loadDictionary", [dictionary, weights]);
  }

  async readDictionary(): Promise<Float32Array> {
    return await this.call("readDictionary", []) as Float32Array;
  }

  async readWeights(): Promise<Float32Array> {
    return await this.call("readWeights", []) as Float32Array;
  }

  async holdRows(
    rows: { data: Float32Array; rows: number },
  ): Promise<number | undefined> {
    const sent = { data: rows.data, rows: rows.rows };
    const answer = await this.call("holdRows", [sent], [rows.data]) as Held;
    rows.data = answer.data;
    return answer.held;
  }

  // Returns when the batch before is worked on: one more waits in the worker, and no more of them fill the memory.
  async iterate(rows: EngineRows, step: IterationStep): Promise<void> {
    const before = this.#iterating;
    const sent = sentOf(rows);
    this.#iterating = this.call("iterate", [sent, step], [sent.data], rows);
    // Whoever comes next learns of a failure; it is not unhandled until then.
    this.#iterating.catch(() => {});
    await before;
  }

  async reports(): Promise<IterationReport[]> {
    const reports = this.call("reports", []);
    await Promise.all([this.#iterating, reports]);
    return await reports as IterationReport[];
  }

  async begin(
    rows: EngineRows,
    step: IterationStep,
    way: SumWay,
  ): Promise<void> {
    const sent = sentOf(rows);
    await this.call("begin", [sent, step, way], [sent.data], rows);
  }

  async gramPart(
    from: number,
    rank: number,
    ranks: number,
  ): Promise<Float32Array | undefined> {
    const part = await this.call("gramPart", [from, rank, ranks]);
    return part as Float32Array | undefined;
  }

  async takeGram(from: number, parts: readonly Float32Array[]): Promise<void> {
    await this.call("takeGram", [from, parts], [...parts]);
  }

  async sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Promise<Float32Array | Float64Array> {
    const args = [from, to, previous];
    return await this.call("sums", args, [previous]) as Float64Array;
  }

  async apply(
    from: number,
    to: number,
    sums: Float32Array | Float64Array,
  ): Promise<void> {
    await this.call("apply", [from, to, sums], [sums]);
  }

  async finish(
    worst: number,
  ): Promise<{ report: IterationReport; worst: WorstRows }> {
    return await this.call("finish", [worst]) as {
      report: IterationReport;
      worst: WorstRows;
    };
  }

  async replace(atoms: Uint32Array, vectors: Float32Array): Promise<void> {
    await this.call("replace", [atoms, vectors]);
  }

  async encode(rows: EngineRows, threshold?: number): Promise<Codes> {
    const sent = sentOf(rows);
    const args = [sent, threshold];
    return await this.call("encode", args, [sent.data]) as Codes;
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  protected call(
    call: EngineCall,
    args: unknown[],
    give: unknown[] = [],
    rows?: EngineRows,
  ): Promise<unknown> {
    return this.#line.ask({ call, args }, transfersOf(give), (data) => {
      if (rows === undefined || !("data" in rows)) return;
      rows.data = data;
      rows.release?.();
    });
  }
}

class JoinedWorkerEngine extends WorkerEngine implements JoinedEngine {
  async iterateTogether(
    rows: EngineRows,
    step: IterationStep,
    way: GroupWay,
  ): Promise<IterationReport> {
    const sent = sentOf(rows), args = [sent, step, way];
    const report = this.call("iterateTogether", args, [sent.data], rows);
    return await report as IterationReport;
  }
}

// Without what belongs to this thread, such as a batch's release.
function sentOf(
  rows: EngineRows,
): { data?: Float32Array; held?: number; rows: number } {
  return "data" in rows
    ? { data: rows.data, rows: rows.rows }
    : { held: rows.held, rows: rows.rows };
}
