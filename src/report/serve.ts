import { DbksvdError } from "../errors.ts";
import { browserPage } from "./browser.ts";
import type { BrowserData } from "./data.ts";

const HOST = "127.0.0.1";

/** How {@linkcode serveBrowser} serves. */
export interface ServeOptions {
  /** Port on the loopback address; 0 takes a free one. */
  port: number;
  /** Ends the serving. */
  signal?: AbortSignal;
  /** Told the address once the page can be opened. */
  onListen?: (url: string) => void;
}

/**
 * Serves the atom browser to this machine alone: on the loopback address, to requests that name it as their host (so that
 * no other site's page can read it through a name of its own), under a policy that allows the page's own script and style.
 *
 * @param data the atoms, and the rows that use them most
 * @param options the port, and a signal that ends the serving
 * @returns when the signal has fired and open requests are done
 * @throws {DbksvdError} `run` where the port cannot be had
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
  data: BrowserData,
  { port, signal, onListen }: ServeOptions,
): Promise<void> {
  const { html, policy } = browserPage(data);
  const body = new TextEncoder().encode(html);
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
  };
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname: HOST,
      port,
      signal,
      onListen: (address) => onListen?.(`http://${HOST}:${address.port}/`),
    }, (request) => answer(request, server.addr.port, body, headers));
  } catch (cause) {
    throw new DbksvdError("run", `Cannot serve on ${HOST}:${port}`, {
      mend: cause instanceof Deno.errors.NotCapable
        ? `run with --allow-net=${HOST}`
        : "choose another port, or 0 for a free one",
      cause,
    });
  }
  await server.finished;
}

function answer(
  request: Request,
  port: number,
  body: Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Response {
  const host = request.headers.get("host");
  if (host !== `${HOST}:${port}` && host !== `localhost:${port}`) {
    return new Response("This page is served to this machine alone.\n", {
      status: 403,
    });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const { pathname } = new URL(request.url);
  if (pathname === "/favicon.ico") return new Response(null, { status: 204 });
  if (pathname !== "/") return new Response("Not found\n", { status: 404 });
  return new Response(request.method === "HEAD" ? null : body, { headers });
}
