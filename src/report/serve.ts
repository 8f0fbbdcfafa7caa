import { randomBytes } from "node:crypto";
import { DbksvdError } from "../errors.ts";
import { type BrowserPage, browserPage } from "./browser.ts";
import type { BrowserData } from "./data.ts";
import { escapeHtml } from "./format.ts";
import { answerLabels, type LabelStore } from "./serve_labels.ts";

const HOST = "127.0.0.1";

/** How {@linkcode serveBrowser} serves. */
export interface ServeOptions {
  /** Port on the loopback address; 0 takes a free one. */
  port: number;
  /** Ends the serving. */
  signal?: AbortSignal | undefined;
  /** Called with the address once the page can be opened. */
  onListen?: ((url: string) => void) | undefined;
  /** While the atoms are not there yet: how far that is, for the page that waits for them. */
  progress?: (() => string) | undefined;
  /** Where names of atoms are read and written; the page changes none where left out. */
  labels?: LabelStore | undefined;
}

/**
 * Serves the atom browser to this machine alone: on the loopback address, to requests that name it as their host (so
 * that no other site's page can read it through a name of its own), under a policy that allows the page's own script
 * and style. The address answers at once; where the atoms take time to be looked at, a page shows how far that is.
 *
 * @param data the atoms, and the rows that use them most; or a promise of them
 * @param options the port, and a signal that ends the serving
 * @returns when the signal has fired and open requests are done
 * @throws {DbksvdError} `run` where the port cannot be had; what the promise throws
 *
 * @example
 * ```ts
 * import { inspect, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import { serveBrowser } from "@dbksvd/dbksvd/report";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const stop = new AbortController();
 * const served = serveBrowser(await inspect(model, source, { device: "cpu" }), {
 *   port: 0,
 *   signal: stop.signal,
 *   onListen: async (url) => {
 *     assert.match(await (await fetch(url)).text(), /Atoms/);
 *     stop.abort();
 *   },
 * });
 * await served;
 * ```
 */
export async function serveBrowser(
  data: BrowserData | Promise<BrowserData>,
  options: ServeOptions,
): Promise<void> {
  const { port, onListen } = options;
  const failed = new AbortController();
  const signal = options.signal === undefined
    ? failed.signal
    : AbortSignal.any([options.signal, failed.signal]);
  const site = new Site(options);
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname: HOST,
      port,
      signal,
      onListen: (address) => onListen?.(`http://${HOST}:${address.port}/`),
    }, (request) => site.answer(request, server.addr.port));
  } catch (cause) {
    throw new DbksvdError("run", `Cannot serve on ${HOST}:${port}`, {
      mend: cause instanceof Deno.errors.NotCapable
        ? `run with --allow-net=${HOST}`
        : "choose another port, or 0 for a free one",
      cause,
    });
  }
  try {
    site.show(await data);
  } catch (error) {
    failed.abort();
    await server.finished;
    if (options.signal?.aborted) return;
    throw error;
  }
  await server.finished;
}

class Site {
  readonly #progress: () => string;
  readonly #labels: LabelStore | undefined;
  readonly #token = randomBytes(24).toString("base64url");
  #page: { policy: string; body: Uint8Array<ArrayBuffer> } | undefined;

  constructor({ progress = () => "", labels }: ServeOptions) {
    this.#progress = progress;
    this.#labels = labels;
  }

  /** From now on the atoms are shown. */
  show(data: BrowserData): void {
    const { html, policy } = browserPage(
      data,
      this.#labels === undefined ? undefined : this.#token,
    );
    this.#page = { policy, body: new TextEncoder().encode(html) };
  }

  async answer(request: Request, port: number): Promise<Response> {
    const host = request.headers.get("host");
    if (host !== `${HOST}:${port}` && host !== `localhost:${port}`) {
      return new Response("This page is served to this machine alone.\n", {
        status: 403,
      });
    }
    const { pathname } = new URL(request.url);
    if (pathname === "/labels" && this.#labels !== undefined) {
      const origin = `http://${host}`;
      const key = { origin, token: this.#token };
      return await answerLabels(request, this.#labels, key);
    }
    return this.#answerPage(request, pathname);
  }

  #answerPage(request: Request, pathname: string): Response {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, {
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
    if (pathname === "/favicon.ico") return new Response(null, { status: 204 });
    if (pathname !== "/") return new Response("Not found\n", { status: 404 });
    const page = this.#page ?? waitingPage(this.#progress());
    const body = "body" in page
      ? page.body
      : new TextEncoder().encode(page.html);
    return new Response(request.method === "HEAD" ? null : body, {
      headers: headersFor(page.policy),
    });
  }
}

function headersFor(policy: string): Record<string, string> {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
  };
}

// Asks again by itself, without a script.
function waitingPage(progress: string): BrowserPage {
  return {
    policy: "default-src 'none'",
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="1">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Looking at the atoms</title>
</head>
<body>
<h1>Looking at the atoms</h1>
<p role="status">${escapeHtml(progress || "The rows are being coded.")}</p>
<p>This page shows them as soon as they are there.</p>
</body>
</html>
`,
  };
}
