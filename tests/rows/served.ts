import assert from "node:assert/strict";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { delivered, withRows } from "./files.ts";
import { asRows, someNumbers, writeHyparquet } from "./writers.ts";

const WIDTH = 16;
const rows = asRows(someNumbers(4000 * WIDTH), WIDTH);

/** What a test's server does with a request; undefined: the file as asked for. */
export type Trouble = (request: Request, count: number) => Response | undefined;

/** Where files are served, and what was asked for. */
export interface Served {
  url: string;
  requests: { path: string; range: string | null; headers: Headers }[];
}

/** Serves a directory's files by ranges, with a version. */
export async function serving(
  directory: string,
  trouble: Trouble,
  test: (served: Served) => Promise<void>,
) {
  const requests: Served["requests"] = [];
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen: () => {},
  }, (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const range = request.headers.get("range");
    requests.push({ path, range, headers: request.headers });
    return trouble(request, requests.length) ??
      serveFile(directory + path, range);
  });
  try {
    await test({ url: `http://127.0.0.1:${server.addr.port}`, requests });
  } finally {
    await server.shutdown();
  }
}

/** A file, or a range of it. */
export function serveFile(
  path: string,
  range: string | null,
  headers: HeadersInit = { etag: '"1"' },
): Response {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Deno.readFileSync(path);
  } catch {
    return new Response("none", { status: 404 });
  }
  const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
  if (match === null) return new Response(bytes, { headers });
  const [start, end] = [
    Number(match[1]),
    Math.min(bytes.length, Number(match[2]) + 1),
  ];
  return new Response(bytes.slice(start, end), {
    status: 206,
    headers: {
      ...headers,
      "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
    },
  });
}

/** Without waiting between tries. */
export const quick: OpenRowsOptions = { backoff: () => 1 };

/** Asserts that a file has the rows that `writeFile()` wrote, in order and shuffled. */
export async function assertReads(url: string, options: OpenRowsOptions = {}) {
  await withRows(url, { ...quick, ...options }, async (source) => {
    assert.deepEqual((await delivered(source, 700)).values, rows);
    const shuffled = await delivered(source, 700, { shuffleSeed: 1 });
    assert.deepEqual(shuffled.values, shuffled.rows.map((row) => rows[row]));
  });
}

/** Writes `a.parquet`, of several row groups and pages. */
export function writeFile(directory: string) {
  writeHyparquet(`${directory}/a.parquet`, rows, {
    rowGroupSize: 1000,
    pageSize: 5000,
  });
}
