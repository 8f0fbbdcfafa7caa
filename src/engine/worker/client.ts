import { DbksvdError } from "../../errors.ts";
import type {
  Codes,
  Engine,
  EngineInfo,
  EngineOptions,
  EngineProgress,
  EngineRows,
  EngineSpec,
  IterationReport,
  IterationStep,
} from "../engine.ts";
import type { GroupEngine, WorstRows } from "../group_engine.ts";
import { noteEndOfGpuWorker } from "./teardown.ts";
import {
  type Created,
  type EngineCall,
  errorOf,
  type Held,
  type Reply,
  type Request,
  transfersOf,
} from "./protocol.ts";

/** How an engine in a worker is started. */
export interface WorkerEngineOptions extends EngineOptions {
  /** Ends the engine at once, whatever it is doing. */
  signal?: AbortSignal | undefined;
  /** A GPU that answers nothing for so long is taken for hung; 1800 by default. */
  watchdogSeconds?: number;
}

/** Longest wait for a GPU's answer: the largest sample batches keep one busy for minutes. */
const WATCHDOG_SECONDS = 1800;

/**
 * Starts an engine in a worker: the thread that calls stays free for signals and progress, and outlives a device that
 * hangs. Buffers of rows are handed over, not copied.
 *
 * @param worker a worker that serves an engine (see `serveEngine`); it belongs to the engine from now on
 * @throws {DbksvdError} what making the engine throws; `device` where it does not answer
 */
export async function engineInWorker(
  worker: Worker,
  spec: EngineSpec,
  options: WorkerEngineOptions,
): Promise<Engine> {
  const line = new WorkerLine(worker, options);
  const { device = "auto", threads, blas } = options;
  try {
    const create = { spec, device, threads, blas };
    const { info } = await line.ask({ create }) as Created;
    if (info.kind === "cpu" || info.software) line.unwatch();
    return new WorkerEngine(line, info, spec);
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
    await this.#call("loadDictionary", [dictionary, weights]);
  }

  async readDictionary(): Promise<Float32Array> {
    return await this.#call("readDictionary", []) as Float32Array;
  }

  async readWeights(): Promise<Float32Array> {
    return await this.#call("readWeights", []) as Float32Array;
  }

  async holdRows(
    rows: { data: Float32Array; rows: number },
  ): Promise<number | undefined> {
    const sent = { data: rows.data, rows: rows.rows };
    const answer = await this.#call("holdRows", [sent], [rows.data]) as Held;
    rows.data = answer.data;
    return answer.held;
  }

  // Returns when the batch before is worked on: one more waits in the worker, and no more of them fill the memory.
  async iterate(rows: EngineRows, step: IterationStep): Promise<void> {
    const before = this.#iterating;
    const sent = sentOf(rows);
    this.#iterating = this.#call("iterate", [sent, step], [sent.data], rows);
    // Whoever comes next learns of a failure; it is not unhandled until then.
    this.#iterating.catch(() => {});
    await before;
  }

  async reports(): Promise<IterationReport[]> {
    const reports = this.#call("reports", []);
    await Promise.all([this.#iterating, reports]);
    return await reports as IterationReport[];
  }

  async begin(
    rows: EngineRows,
    step: IterationStep,
    parts: Uint32Array,
  ): Promise<void> {
    const sent = sentOf(rows);
    await this.#call("begin", [sent, step, parts], [sent.data], rows);
  }

  async gramPart(
    from: number,
    rank: number,
    ranks: number,
  ): Promise<Float32Array | undefined> {
    const part = await this.#call("gramPart", [from, rank, ranks]);
    return part as Float32Array | undefined;
  }

  async takeGram(from: number, parts: readonly Float32Array[]): Promise<void> {
    await this.#call("takeGram", [from, parts], [...parts]);
  }

  async sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Promise<Float32Array | Float64Array> {
    const args = [from, to, previous];
    return await this.#call("sums", args, [previous]) as Float64Array;
  }

  async apply(
    from: number,
    to: number,
    sums: Float32Array | Float64Array,
  ): Promise<void> {
    await this.#call("apply", [from, to, sums], [sums]);
  }

  async finish(
    worst: number,
  ): Promise<{ report: IterationReport; worst: WorstRows }> {
    return await this.#call("finish", [worst]) as {
      report: IterationReport;
      worst: WorstRows;
    };
  }

  async replace(atoms: Uint32Array, vectors: Float32Array): Promise<void> {
    await this.#call("replace", [atoms, vectors]);
  }

  async encode(rows: EngineRows): Promise<Codes> {
    const sent = sentOf(rows);
    return await this.#call("encode", [sent], [sent.data]) as Codes;
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  #call(
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

// Without what belongs to this thread, such as a batch's release.
function sentOf(
  rows: EngineRows,
): { data?: Float32Array; held?: number; rows: number } {
  return "data" in rows
    ? { data: rows.data, rows: rows.rows }
    : { held: rows.held, rows: rows.rows };
}

type Question = Request extends infer R
  ? R extends { id: number } ? Omit<R, "id">
  : never
  : never;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Called with the memory of rows that the engine has taken in. */
  taken?: ((data: Float32Array) => void) | undefined;
}

/** Questions to a worker and its answers, under a watchdog. */
class WorkerLine {
  readonly #worker: Worker;
  readonly #options: WorkerEngineOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onAbort = () => this.#end(this.#options.signal!.reason);
  #asked = 0;
  #watched = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: { why: unknown } | undefined;

  constructor(worker: Worker, options: WorkerEngineOptions) {
    this.#worker = worker;
    this.#options = options;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#end(
        new DbksvdError("run", `The engine's thread failed: ${event.message}`, {
          mend: "run again with --resume",
        }),
      );
    };
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  ask(
    question: Question,
    transfer: ArrayBuffer[] = [],
    taken?: Waiting["taken"],
  ): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended.why);
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, taken });
      this.#worker.postMessage({ id, ...question }, transfer);
      this.#watch();
    });
  }

  /** A processor, a GPU's software driver included, may take its time. */
  unwatch(): void {
    this.#watched = false;
    clearTimeout(this.#timer);
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    try {
      // Whoever closes an engine at work does not want the work.
      if (this.#waiting.size === 0) {
        await this.ask({ call: "close", args: [] });
      }
    } finally {
      this.#end(new DbksvdError("run", "The engine is closed"));
    }
  }

  #take(reply: Reply): void {
    if ("notice" in reply) return this.#options.onNotice?.(reply.notice);
    if ("progress" in reply) return this.#report(reply.progress);
    const waiting = this.#waiting.get(reply.id);
    if ("taken" in reply) return waiting?.taken?.(reply.taken);
    this.#waiting.delete(reply.id);
    this.#watch();
    if ("error" in reply) waiting?.reject(errorOf(reply.error));
    else waiting?.resolve(reply.value);
  }

  // An engine that reports is not hung.
  #report(progress: EngineProgress): void {
    this.#watch();
    this.#options.onProgress?.(progress);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (!this.#watched || this.#waiting.size === 0) return;
    const seconds = this.#options.watchdogSeconds ?? WATCHDOG_SECONDS;
    this.#timer = setTimeout(() =>
      this.#end(
        new DbksvdError("device", `The GPU has not answered for ${seconds} s`, {
          mend: "it seems to hang: see dbksvd doctor; --resume goes on",
        }),
      ), seconds * 1000);
  }

  #end(why: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { why };
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#worker.terminate();
    if (this.#options.device !== "cpu") noteEndOfGpuWorker();
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}
