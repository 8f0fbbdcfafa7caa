import { DbksvdError } from "../../errors.ts";
import type { DecodeOutcome, DecodeReply, DecodeRequest } from "./messages.ts";

interface Waiting {
  request: DecodeRequest;
  transfer: Transferable[];
  resolve: (outcome: DecodeOutcome) => void;
  reject: (error: unknown) => void;
}

/** Workers that decode, each one job at a time; jobs beyond that wait their turn. */
export class DecodePool {
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #queue: Waiting[] = [];
  readonly #running = new Map<Worker, Waiting>();
  #next = 0;
  #closed = false;

  /** @param size workers at most; they are started as jobs come */
  constructor(readonly size: number) {}

  /** Decodes a job. */
  run(
    job: Omit<DecodeRequest, "id">,
    transfer: Transferable[] = [],
  ): Promise<DecodeOutcome> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const request = { id: this.#next++, ...job };
      this.#queue.push({ request, transfer, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the workers; jobs not done are refused. */
  close(): void {
    this.#closed = true;
    for (const worker of this.#workers) worker.terminate();
    const left = [...this.#running.values(), ...this.#queue.splice(0)];
    this.#running.clear();
    for (const { reject } of left) reject(closedError());
  }

  #dispatch() {
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop() ?? this.#start();
      if (worker === undefined) return;
      const waiting = this.#queue.shift()!;
      this.#running.set(worker, waiting);
      worker.postMessage(waiting.request, waiting.transfer);
    }
  }

  #start(): Worker | undefined {
    if (this.#workers.length === this.size) return undefined;
    const url = new URL("./decode_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<DecodeReply>) => {
      this.#finish(worker)?.resolve(data);
      this.#idle.push(worker);
      this.#dispatch();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#workers.splice(this.#workers.indexOf(worker), 1);
      this.#finish(worker)?.reject(
        new DbksvdError("run", `A decoding worker died, ${event.message}`, {
          mend: "run again; with --decode-workers 0 if it happens again",
        }),
      );
      worker.terminate();
      this.#dispatch();
    };
    this.#workers.push(worker);
    return worker;
  }

  #finish(worker: Worker): Waiting | undefined {
    const waiting = this.#running.get(worker);
    this.#running.delete(worker);
    return waiting;
  }
}

function closedError(): DbksvdError {
  return new DbksvdError("run", "The source of rows is closed", {
    mend: "close it after the last batch",
  });
}
