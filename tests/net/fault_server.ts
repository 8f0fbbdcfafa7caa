/** What a server does with a request in place of giving the file, which is `sound`; undefined: it gives the file. */
export type Fault = (
  request: Request,
  count: number,
  sound: () => Response,
) => Response | Promise<Response> | undefined;

/** A request as the server had it. */
export interface Seen {
  method: string;
  path: string;
  range: string | null;
  headers: Headers;
  body: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A web server that gives files by ranges, and faults where a test asks for them. */
export class FaultServer {
  readonly seen: Seen[] = [];
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  fault: Fault = () => undefined;
  /** Headers of every file: its version, say. */
  headers: Record<string, string> = { etag: '"1"' };
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #end = new AbortController();

  constructor() {
    this.#server = Deno.serve({
      port: 0,
      hostname: "127.0.0.1",
      signal: this.#end.signal,
      onListen: () => {},
      onError: () => new Response("", { status: 500 }),
    }, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Another name of the same server: another host to a client. */
  get otherUrl(): string {
    return `http://localhost:${this.#server.addr.port}`;
  }

  async #answer(request: Request): Promise<Response> {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const range = request.headers.get("range");
    const { method, headers } = request;
    const bytes = await request.bytes();
    const body = new TextDecoder().decode(bytes);
    const count = this.seen.push({ method, path, range, headers, body, bytes });
    const sound = () => this.#file(path, range);
    return await this.fault(request, count, sound) ?? sound();
  }

  #file(path: string, range: string | null): Response {
    const { headers } = this;
    const bytes = this.files.get(path);
    if (bytes === undefined) return new Response("none", { status: 404 });
    const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
    if (match === null) return new Response(bytes, { headers });
    const start = Number(match[1]);
    const end = Math.min(bytes.length, Number(match[2]) + 1);
    return new Response(bytes.slice(start, end), {
      status: 206,
      headers: {
        ...headers,
        "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#server.finished;
  }
}

/** Whether a request is for more than the first byte. */
export function isLarge(request: Request): boolean {
  return !["bytes=0-0", null].includes(request.headers.get("range"));
}

/** Answers a status. */
export function status(code: number, headers: HeadersInit = {}): Response {
  return new Response(code === 204 ? null : "no", { status: code, headers });
}

/** Never answers. */
export function silence(): Promise<Response> {
  return new Promise(() => {});
}

/** The answer's head, and then its body as `pieces` gives it. */
export function slowly(
  answer: Response,
  pieces: (whole: Uint8Array) => AsyncIterable<Uint8Array>,
): Response {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      try {
        const whole = new Uint8Array(await answer.arrayBuffer());
        for await (const piece of pieces(whole)) controller.enqueue(piece);
        controller.close();
      } catch (error) {
        try {
          controller.error(error);
        } catch {
          // The client has gone.
        }
      }
    },
  });
  return new Response(body, { status: answer.status, headers: answer.headers });
}

/** The first part of the body; then the connection is gone. */
export function broken(answer: Response, share = 0.5): Response {
  return slowly(answer, async function* (whole) {
    yield whole.subarray(0, Math.floor(share * whole.length));
    await pause(20);
    throw new Error("gone");
  });
}

/** The body in pieces of `bytes`, each after `ms`. */
export function dripping(answer: Response, bytes: number, ms: number) {
  return slowly(answer, async function* (whole) {
    for (let at = 0; at < whole.length; at += bytes) {
      yield whole.subarray(at, at + bytes);
      await pause(ms);
    }
  });
}

/** A body without end. */
export function endless(answer: Response): Response {
  return slowly(answer, async function* () {
    for (let i = 0; i < 10_000; i++) {
      yield new Uint8Array(65536);
      await pause(0);
    }
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, ms)));
}
