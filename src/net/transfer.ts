import { DbksvdError } from "../errors.ts";

/** Requests under way at once, over all files. */
const CONNECTIONS = 8;
const ATTEMPTS = 6;
const REDIRECTS = 8;
/** A transfer that takes longer than this is taken up again. */
const TIMEOUT_MS = 120_000;

/** A URL with its secrets: what is shown of it is `name`. */
export interface RemotePlace {
  url: string;
  /** The URL without user, password and query. */
  name: string;
  /** Sent to the URL's own host, and to no other that it redirects to. */
  headers: Record<string, string>;
}

const backoff = (attempt: number) => 250 * 2 ** attempt;

/** What a server says about a file. */
export interface RemoteInfo {
  size: number;
  etag: string;
  ranges: boolean;
}

/** Transfers ranges of one remote file, trying again and resuming where a connection breaks. */
export class Transfer {
  #target: string;

  constructor(
    readonly place: RemotePlace,
    readonly wait: (attempt: number) => number = backoff,
  ) {
    this.#target = place.url;
  }

  /** Asks for size and version. */
  async info(): Promise<RemoteInfo> {
    return await this.#persist(async () => {
      const response = await this.#request("bytes=0-0");
      const etag = versionOf(response);
      const total = /\/(\d+)$/.exec(
        response.headers.get("content-range") ?? "",
      );
      const length = response.headers.get("content-length");
      await response.body?.cancel();
      const ranges = response.status === 206 && total !== null;
      const size = ranges ? Number(total![1]) : Number(length ?? NaN);
      if (!Number.isSafeInteger(size)) {
        throw this.#failure("Server does not tell the file's size");
      }
      return { size, etag, ranges };
    });
  }

  /** Fetches bytes start ≤ byte < end of the version that `info` told. */
  async fetch(
    start: number,
    end: number,
    etag: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(end - start);
    let done = 0;
    const received = () => done;
    await this.#persist(async () => {
      const range = `bytes=${start + done}-${end - 1}`;
      const response = await this.#request(range, signal);
      this.#check(response, start + done, etag);
      // What has come stays: the next attempt asks for the rest.
      for await (const chunk of response.body ?? []) {
        if (chunk.length > bytes.length - done) {
          throw this.#failure("Server sends more than was asked for");
        }
        bytes.set(chunk, done);
        done += chunk.length;
      }
      if (done < bytes.length) throw new Error("the transfer broke off");
    }, { signal, received });
    return bytes;
  }

  /** Fetches the whole file, for servers without ranges. */
  async whole(size: number): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#persist(async () => {
      const response = await this.#request(undefined);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length !== size) throw new Error("the transfer broke off");
      return bytes;
    });
  }

  async #persist<T>(
    attempt: () => Promise<T>,
    { signal, received }: {
      signal?: AbortSignal;
      received?: () => number;
    } = {},
  ): Promise<T> {
    for (let tries = 0;; tries++) {
      signal?.throwIfAborted();
      const before = received?.();
      try {
        return await limited(attempt);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof DbksvdError) throw error;
        // A transfer that gets on, however often it breaks, is not given up.
        if (received?.() !== before) tries = 0;
        if (tries + 1 === ATTEMPTS) {
          const reason = this.#clean(error);
          throw this.#failure(`Transfer failed ${ATTEMPTS} times, ${reason}`);
        }
        const asked = error instanceof Busy ? error.waitMs : 0;
        await pause(Math.max(asked, this.wait(tries)), signal);
      }
    }
  }

  async #request(
    range: string | undefined,
    signal?: AbortSignal,
  ): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const both = signal === undefined
      ? timeout
      : AbortSignal.any([signal, timeout]);
    for (let hops = 0; hops < REDIRECTS; hops++) {
      const own = sameOrigin(this.#target, this.place.url);
      const headers = new Headers(own ? this.place.headers : {});
      if (range !== undefined) headers.set("range", range);
      // Compressed transfers have no byte ranges of the file.
      headers.set("accept-encoding", "identity");
      const response = await fetch(this.#target, {
        headers,
        signal: both,
        redirect: "manual",
      });
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || !location) {
        return await this.#accept(response);
      }
      await response.body?.cancel();
      this.#target = this.#redirected(location);
    }
    throw this.#failure("Server redirects without end");
  }

  #redirected(location: string): string {
    const next = new URL(location, this.#target);
    if (next.protocol !== "https:" && next.protocol !== "http:") {
      throw this.#failure("Server redirects elsewhere than to the web");
    }
    return next.href;
  }

  async #accept(response: Response): Promise<Response> {
    if (response.ok) return response;
    await response.body?.cancel();
    const { status } = response;
    // A redirect's signature runs out: ask the file's own address again.
    if ((status === 401 || status === 403) && this.#target !== this.place.url) {
      this.#target = this.place.url;
      throw new Error(`the server answers ${status}`);
    }
    if (status === 429 || status === 408 || status >= 500) {
      const after = Number(response.headers.get("retry-after") ?? 0);
      throw new Busy(
        status,
        Math.min(60, Number.isNaN(after) ? 0 : after) * 1000,
      );
    }
    throw this.#failure(`Server answers ${status}`, MENDS[status]);
  }

  #check(response: Response, start: number, etag: string) {
    if (versionOf(response) !== etag) {
      throw this.#failure("File changed while it was read", "run again");
    }
    const range = response.headers.get("content-range") ?? "";
    if (response.status !== 206 || !range.startsWith(`bytes ${start}-`)) {
      throw this.#failure("Server does not keep to the range asked for");
    }
  }

  #clean(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return text.replaceAll(this.#target, this.place.name)
      .replaceAll(this.place.url, this.place.name).split("\n")[0];
  }

  #failure(what: string, mend = "check the address and the network") {
    return new DbksvdError("data", what, {
      where: { file: this.place.name },
      mend,
    });
  }
}

const MENDS: Record<number, string> = {
  401: "give credentials in DBKSVD_HTTP_HEADERS, or HF_TOKEN for hf://",
  403: "give credentials in DBKSVD_HTTP_HEADERS, or HF_TOKEN for hf://",
  404: "check the address",
};

class Busy extends Error {
  constructor(status: number, readonly waitMs: number) {
    super(`the server answers ${status}`);
  }
}

function versionOf({ headers }: Response): string {
  return headers.get("etag") ?? headers.get("last-modified") ?? "";
}

function sameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

let free = CONNECTIONS;
const waiting: (() => void)[] = [];

async function limited<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }
}
