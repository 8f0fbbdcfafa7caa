import type { EngineThread } from "../../engine/worker/line.ts";
import type { Reply, Request } from "../../engine/worker/protocol.ts";

/** An engine's end of the thread that makes the group's calls: as a worker of its own, but for ending it. */
export class HostedEngine implements EngineThread {
  onmessage: EngineThread["onmessage"] = null;
  onerror: EngineThread["onerror"] = null;
  readonly #send: (request: Request, transfer: ArrayBuffer[]) => void;
  #asked = 0;
  #answered = 0;
  #mayHaveGpu = false;
  #ended = false;

  /** @param send sends a request there */
  constructor(send: (request: Request, transfer: ArrayBuffer[]) => void) {
    this.#send = send;
  }

  /** Whether it is at work. */
  get busy(): boolean {
    return this.#asked > this.#answered;
  }

  /** Whether it may have opened a GPU. */
  get mayHaveGpu(): boolean {
    return this.#mayHaveGpu;
  }

  postMessage(request: Request, transfer: unknown = []): void {
    this.#asked++;
    if ("create" in request) this.#mayHaveGpu = request.create.device !== "cpu";
    this.#send(request, transfer as ArrayBuffer[]);
  }

  /** Takes what it says; nobody listens any more once it was ended. */
  take(reply: Reply): void {
    if ("value" in reply || "error" in reply) this.#answered++;
    if (this.#ended) return;
    this.onmessage?.call(
      this as unknown as Worker,
      { data: reply } as MessageEvent,
    );
  }

  /** The thread has failed. */
  fail(event: ErrorEvent): void {
    if (!this.#ended) this.onerror?.call(this as unknown as Worker, event);
  }

  /** The thread goes on; what is at work there is left to itself. */
  terminate(): void {
    this.#ended = true;
  }
}
