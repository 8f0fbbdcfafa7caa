import { DbksvdError } from "../errors.ts";
import { joined } from "../files/joined.ts";
import { retryAfter, sleep, TRANSFERS } from "./pacing.ts";
import { PartsBody } from "./parts_body.ts";
import type { RemotePlace } from "./place.ts";
import {
  type Asked,
  type RequestOptions,
  RETRIES,
  type RetryLimits,
} from "./request.ts";
import { Unreachable } from "./unreachable.ts";

const REDIRECTS = 8;
const SPAN_BYTES = 1024;
/** How much of the text of an answer that is no success is looked at. */
const REFUSAL_BYTES = 65_536;
const CREDENTIALS =
  "give credentials in DBKSVD_HTTP_HEADERS, or HF_TOKEN for hf://";

/** One address that is asked, and asked again while asking may help. */
export class Connection {
  readonly #retry: RetryLimits;
  readonly #options: RequestOptions;
  /** Where requests go: the address, or what it redirects to. */
  #target: string;
  #answered = false;

  /** Whether the server has ever answered anything. */
  get answered(): boolean {
    return this.#answered;
  }

  constructor(readonly place: RemotePlace, options: RequestOptions = {}) {
    this.#target = place.url;
    this.#options = options;
    this.#retry = { ...RETRIES, ...options.retry };
  }

  /**
   * Makes attempts until one ends well, each when its turn has come.
   *
   * @param use one attempt: asks, and reads the answer
   * @param signal stops it
   * @throws {Unreachable} where attempts are of no use any more
   * @throws {DbksvdError} `data` where the server says that it has no such thing
   */
  async persist<T>(
    use: (attempt: Attempt) => Promise<T>,
    signal: AbortSignal | undefined = this.#options.signal,
  ): Promise<T> {
    const { turns = TRANSFERS } = this.#options;
    let since = performance.now();
    for (let tries = 0;; tries++) {
      signal?.throwIfAborted();
      using attempt = new Attempt(this, this.#retry.spanMs, signal);
      const queued = performance.now();
      try {
        return await turns.take(() => {
          // Others' transfers took this time, not this server.
          since += performance.now() - queued;
          attempt.begin();
          return use(attempt);
        });
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof DbksvdError) throw error;
        // A transfer that gets on, however often it breaks, is not given up.
        if (attempt.kept >= SPAN_BYTES) {
          since = performance.now();
          tries = 0;
        }
        const waited = performance.now() - since;
        const pause = this.#pauseBefore(error, tries, waited);
        if (tries === 1) this.#tell(error);
        await sleep(pause, signal);
      }
    }
  }

  /** An error of kind `data` at this address. */
  failure(what: string, mend = "check the address"): DbksvdError {
    return new DbksvdError("data", what, {
      where: { file: this.place.name },
      mend,
    });
  }

  /** Asks, following redirects; what is no success is thrown. */
  async ask(asked: Asked, signal: AbortSignal): Promise<Response> {
    for (let hops = 0; hops < REDIRECTS; hops++) {
      const own = new URL(this.#target).origin ===
        new URL(this.place.url).origin;
      const method = asked.method ?? "GET";
      const response = await fetch(this.#target, {
        method,
        headers: {
          ...(own ? await this.#ownHeaders(method) : {}),
          ...asked.headers,
        },
        ...(asked.body !== undefined && { body: asked.body }),
        signal,
        redirect: "manual",
      });
      this.#answered = true;
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || !location) {
        return await this.#accept(response, asked);
      }
      await response.body?.cancel();
      if (asked.body !== undefined) {
        throw this.failure("Server redirects what is sent to it");
      }
      this.#target = this.#redirected(location);
    }
    throw this.failure("Server redirects without end");
  }

  async #ownHeaders(method: string): Promise<Record<string, string>> {
    const { headers, sign } = this.place;
    return { ...headers, ...await sign?.(this.#target, method) };
  }

  #redirected(location: string): string {
    const next = URL.parse(location, this.#target);
    if (next?.protocol === "https:" || next?.protocol === "http:") {
      return next.href;
    }
    throw this.failure("Server redirects elsewhere than to the web");
  }

  async #accept(
    response: Response,
    { accepts = [], busy = [], refused: onRefused }: Asked,
  ): Promise<Response> {
    if (response.ok || accepts.includes(response.status)) return response;
    const { status } = response;
    const explained = this.place.explain?.(response);
    if (onRefused === undefined) await response.body?.cancel();
    else onRefused(status, await beginningOf(response));
    if (explained !== undefined) throw explained;
    const refused = status === 401 || status === 403;
    // A redirect's signature runs out: ask the address itself again.
    if (refused && this.#target !== this.place.url) {
      this.#target = this.place.url;
      throw new Error(`the server answers ${status}`);
    }
    if (refused) {
      throw new Unreachable(
        `Server answers ${status}`,
        this.place.name,
        this.#options.credentials ?? this.place.credentials ?? CREDENTIALS,
      );
    }
    if (
      status === 429 || status === 408 || status >= 500 || busy.includes(status)
    ) {
      throw new Busy(status, retryAfter(response.headers));
    }
    throw this.failure(`Server answers ${status}`);
  }

  // How long to wait, unless enough has been waited.
  #pauseBefore(error: unknown, tries: number, waited: number): number {
    const { attempts, outageMs, connectMs, wait } = this.#retry;
    const limit = this.#answered ? outageMs : connectMs;
    const asked = error instanceof Busy ? error.waitMs : 0;
    const pause = Math.max(asked, wait(tries));
    if (tries + 1 < attempts && waited + pause <= limit) return pause;
    const reason = this.#reason(error);
    const later = asked > limit
      ? `; it asks to come back in ${Math.ceil(asked / 60_000)} min`
      : "";
    const times = tries === 0 ? "" : ` ${tries + 1} times`;
    throw new Unreachable(
      `Asking failed${times}, ${reason}${later}`,
      this.place.name,
      "try again later; check the address and the network",
      error,
    );
  }

  #tell(error: unknown) {
    this.#options.onNotice?.(
      `${this.place.name}: ${this.#reason(error)}; trying again`,
    );
  }

  #reason(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return text.replaceAll(this.#target, this.place.name)
      .replaceAll(this.place.url, this.place.name).split("\n")[0];
  }
}

/** One attempt: what it asks for must keep coming. */
export class Attempt {
  /** Bytes that stay of use should the attempt break off. */
  kept = 0;
  #came = 0;
  readonly #stalled = new AbortController();
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly connection: Connection,
    readonly spanMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.#signal = signal === undefined
      ? this.#stalled.signal
      : AbortSignal.any([signal, this.#stalled.signal]);
  }

  /** From now on things must keep coming: what waited for its turn before is not the server's fault. */
  begin(): void {
    const { spanMs } = this;
    this.#timer = setInterval(() => {
      if (this.#came < SPAN_BYTES) {
        this.#stalled.abort(
          new Error(`the server gave nothing for ${spanMs / 1000} s`),
        );
      }
      this.#came = 0;
    }, spanMs);
  }

  /** Asks; what is no success is thrown. */
  async ask(asked: Asked): Promise<Response> {
    const { body } = asked;
    const counted = body instanceof PartsBody
      ? { ...asked, body: body.counted((bytes) => this.#came += bytes) }
      : asked;
    const response = await this.connection.ask(counted, this.#signal);
    this.#came += SPAN_BYTES;
    return response;
  }

  /** The answer's body as it comes. */
  async *chunks(
    response: Response,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for await (const chunk of response.body ?? []) {
      this.#came += chunk.length;
      yield chunk;
    }
  }

  /** The whole body, where it is no longer than `limit`. */
  async bytes(
    response: Response,
    limit: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.chunks(response)) {
      length += chunk.length;
      if (length > limit) {
        throw this.connection.failure(
          `Server sends more than ${limit} bytes`,
        );
      }
      chunks.push(chunk);
    }
    return joined(chunks);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#stalled.abort();
  }
}

class Busy extends Error {
  constructor(status: number, readonly waitMs: number) {
    super(`the server answers ${status}`);
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.length;
    if (bytes >= REFUSAL_BYTES) break;
  }
  return text;
}
