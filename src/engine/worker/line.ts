import { DbksvdError } from "../../errors.ts";
import type { DeviceChoice, EngineProgress } from "../engine.ts";
import { errorOf, type Reply } from "./protocol.ts";
import { noteEndOfGpuWorker } from "./teardown.ts";

/** How what runs in a worker is followed and ended. */
export interface LineOptions {
  /** What it runs on, where that is known beforehand. */
  device?: DeviceChoice | undefined;
  /** Ends it at once, whatever it is doing. */
  signal?: AbortSignal | undefined;
  onNotice?: ((notice: string) => void) | undefined;
  onProgress?: ((progress: EngineProgress) => void) | undefined;
  /** A GPU that answers nothing for so long is taken for hung; 1800 by default. */
  watchdogSeconds?: number | undefined;
}

/** Longest wait for a GPU's answer: the largest sample batches keep one busy for minutes. */
const WATCHDOG_SECONDS = 1800;

/** What a line talks to: a worker, or what lives in one beside others. */
export type EngineThread =
  & Pick<Worker, "postMessage" | "terminate">
  & Pick<Worker, "onmessage" | "onerror">;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Called with the memory of rows that the engine has taken in. */
  taken?: ((data: Float32Array) => void) | undefined;
}

/** Questions to a worker and its answers, under a watchdog. The worker, or its part, belongs to the line. */
export class WorkerLine {
  readonly #worker: EngineThread;
  readonly #options: LineOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onAbort = () => this.#end(this.#options.signal!.reason);
  #asked = 0;
  #watched = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: { why: unknown } | undefined;

  /**
   * @param worker that answers every question by its number
   * @param options who follows it, and who ends it
   */
  constructor(worker: EngineThread, options: LineOptions) {
    this.#worker = worker;
    this.#options = options;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#end(
        new DbksvdError("run", `The engine's thread failed: ${event.message}`, {
          mend: "run again; a training goes on with --resume",
        }),
      );
    };
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  /**
   * Sends a question and waits for its answer.
   *
   * @param question what to make, or which call to carry out
   * @param transfer buffers to hand over
   * @param taken called with the memory of rows once they are taken in
   */
  ask(
    question: { create: unknown } | { call: string; args: unknown[] },
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

  /** Lets what runs there close, and ends the worker. */
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
    if ("waits" in reply) return this.#watch();
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
          mend:
            "it seems to hang: see dbksvd doctor; a training goes on with --resume",
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
