import { DbksvdError } from "../../errors.ts";
import type { DecodeReply, DecodeRequest } from "./messages.ts";

interface Waiting {
  request: DecodeRequest;
  resolve: (reply: DecodeReply) => void;
  reject: (error: unknown) => void;
}

/** A worker and the requests that it was sent, in the order in which it answers. */
interface Member {
  worker: Worker;
  sent: Waiting[];
}

/**
 * Bytes of a buffer that nobody writes to, and which therefore takes no memory. V8 marks and sweeps whenever buffers
 * hold some 40 MB, or a part, more than when it last did. Those that come from workers and go back to them hold more
 * than that: without ones that stay, this thread would do little else than collect garbage that is not there.
 */
const BALLAST_BYTES = 256 * 2 ** 20;

/** Workers without work are kept so long, for the next read. */
const IDLE_MS = 1000;
/** Requests that a worker is sent: it goes on with the next one while this thread has no time for it. */
const SENT_AHEAD = 2;

/** Workers that decode, each one request after the other; those beyond what they were sent wait their turn. */
export class DecodePool {
  readonly #members: Member[] = [];
  readonly #queue: Waiting[] = [];
  /** Only has to be there. */
  ballast?: ArrayBuffer | undefined;
  #closed = false;
  #idle?: ReturnType<typeof setTimeout>;

  /** @param size workers at most; they are started as requests come */
  constructor(readonly size: number) {}

  /** Has jobs done. Their buffers and the bytes that come with them are transferred. */
  run(request: DecodeRequest): Promise<DecodeReply> {
    clearTimeout(this.#idle);
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the workers; what is not done is refused. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    const left = this.#queue.splice(0);
    for (const { worker, sent } of this.#members.splice(0)) {
      worker.terminate();
      left.push(...sent.splice(0));
    }
    for (const { reject } of left) reject(closedError());
  }

  // Workers keep a program alive: those that wait for nothing are let go of, and started again when there is more to
  // do.
  #restWhenIdle() {
    const busy = this.#queue.length > 0 ||
      this.#members.some(({ sent }) => sent.length > 0);
    if (busy || this.#closed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      for (const { worker } of this.#members.splice(0)) worker.terminate();
    }, IDLE_MS);
  }

  #dispatch() {
    while (this.#queue.length > 0) {
      const member = this.#leastBusy();
      if (member.sent.length === SENT_AHEAD) return;
      const waiting = this.#queue.shift()!;
      member.sent.push(waiting);
      member.worker.postMessage(waiting.request, memoryOf(waiting.request));
    }
  }

  #leastBusy(): Member {
    let least: Member | undefined;
    for (const member of this.#members) {
      if (least === undefined || member.sent.length < least.sent.length) {
        least = member;
      }
    }
    const idle = least?.sent.length === 0;
    return least === undefined || (!idle && this.#members.length < this.size)
      ? this.#start()
      : least;
  }

  #start(): Member {
    this.ballast ??= makeBallast();
    const url = new URL("./decode_worker.ts", import.meta.url);
    const member: Member = {
      worker: new Worker(url, { type: "module" }),
      sent: [],
    };
    member.worker.onmessage = ({ data }: MessageEvent<DecodeReply>) => {
      member.sent.shift()?.resolve(data);
      this.#dispatch();
      this.#restWhenIdle();
    };
    member.worker.onerror = (event) => {
      event.preventDefault();
      this.#members.splice(this.#members.indexOf(member), 1);
      const error = new DbksvdError(
        "run",
        `A decoding worker died, ${event.message}`,
        { mend: "run again; with --decode-workers 0 if it happens again" },
      );
      for (const { reject } of member.sent.splice(0)) reject(error);
      member.worker.terminate();
      this.#dispatch();
      this.#restWhenIdle();
    };
    this.#members.push(member);
    return member;
  }
}

function makeBallast(): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(BALLAST_BYTES);
  } catch (error) {
    // Where address space is scarce, it is done without.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function memoryOf({ jobs, buffers }: DecodeRequest): ArrayBuffer[] {
  const fetched = jobs.flatMap(({ from }) =>
    "pieces" in from ? from.pieces.map(({ bytes }) => bytes) : []
  );
  return [...buffers, ...fetched].map(({ buffer }) => buffer);
}

function closedError(): DbksvdError {
  return new DbksvdError("run", "The source of rows is closed", {
    mend: "close it after the last batch",
  });
}
