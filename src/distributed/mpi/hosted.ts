import type { EngineThread } from "../../engine/worker/line.ts";
import type { Reply, Request } from "../../engine/worker/protocol.ts";

/** The number of a question whose answer nobody waits for. */
const NOBODYS = -1;

/**
 * An engine's end of the thread that makes the group's calls: as a worker of its own, but that the thread goes on. An
 * engine that is ended is closed there when what was asked of it before is done.
 */
export class HostedEngine implements EngineThread {
  onmessage: EngineThread["onmessage"] = null;
  onerror: EngineThread["onerror"] = null;
  readonly #send: (request: Request, transfer: ArrayBuffer[]) => void;
  #mayHaveGpu = false;
  #closes = false;
  #ended = false;

  /** @param send sends a request there */
  constructor(send: (request: Request, transfer: ArrayBuffer[]) => void) {
    this.#send = send;
  }

  /** Whether it may have opened a GPU. */
  get mayHaveGpu(): boolean {
    return this.#mayHaveGpu;
  }

  postMessage(request: Request, transfer: unknown = []): void {
    if ("create" in request) this.#mayHaveGpu = request.create.device !== "cpu";
    else if (request.call === "close") this.#closes = true;
    this.#send(request, transfer as ArrayBuffer[]);
  }

  /** Takes what it says; nobody listens any more once it was ended. */
  take(reply: Reply): void {
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

  terminate(): void {
    this.#ended = true;
    if (this.#closes) return;
    this.postMessage({ id: NOBODYS, call: "close", args: [] });
  }
}
