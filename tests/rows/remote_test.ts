import assert from "node:assert/strict";
import type { DbksvdError } from "../../src/errors.ts";
import { openRows } from "../../src/rows/open.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { inDirectory } from "../directories.ts";
import { delivered, withRows } from "./files.ts";
import { asRows, someNumbers, sql, writeHyparquet } from "./writers.ts";

const WIDTH = 16;
const rows = asRows(someNumbers(4000 * WIDTH), WIDTH);

/** What a test's server does with a request; undefined: the file as asked for. */
type Trouble = (request: Request, count: number) => Response | undefined;

interface Served {
  url: string;
  requests: { path: string; range: string | null; headers: Headers }[];
}

// Serves a directory's files by ranges, with a version.
async function serving(
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

function serveFile(
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

const quick: OpenRowsOptions = { backoff: () => 1 };

async function assertReads(url: string, options: OpenRowsOptions = {}) {
  await withRows(url, { ...quick, ...options }, async (source) => {
    assert.deepEqual((await delivered(source, 700)).values, rows);
    const shuffled = await delivered(source, 700, { shuffleSeed: 1 });
    assert.deepEqual(shuffled.values, shuffled.rows.map((row) => rows[row]));
  });
}

function writeFile(directory: string) {
  writeHyparquet(`${directory}/a.parquet`, rows, {
    rowGroupSize: 1000,
    pageSize: 5000,
  });
}

Deno.test("openRows() reads over HTTP by ranges, in this thread and in workers", () =>
  inDirectory(async (directory) => {
    writeFile(directory);
    await serving(directory, () => undefined, async ({ url, requests }) => {
      await assertReads(`${url}/a.parquet?signature=secret`);
      await assertReads(`${url}/a.parquet`, { decodeWorkers: 2 });
      assert.ok(requests.every(({ range }) => range !== null));
      await withRows(`${url}/a.parquet?signature=secret`, quick, (source) => {
        assert.equal(source.files[0].path, `${url}/a.parquet`);
        return Promise.resolve();
      });
    });
  }));

Deno.test("A broken transfer is resumed where it broke, errors of the server are tried again", () =>
  inDirectory(async (directory) => {
    writeFile(directory);
    const size = Deno.statSync(`${directory}/a.parquet`).size;
    let starts: number[] = [];
    const trouble: Trouble = (request, count) => {
      const match = /^bytes=(\d+)-(\d+)$/.exec(
        request.headers.get("range") ?? "",
      );
      if (match === null || match[2] === "0") return undefined;
      starts.push(Number(match[1]));
      if (count % 3 === 0) {
        return new Response("busy", {
          status: 503,
          headers: { "retry-after": "0" },
        });
      }
      const bytes = Deno.readFileSync(`${directory}/a.parquet`).slice(
        Number(match[1]),
        Number(match[2]) + 1,
      );
      if (bytes.length < 20000) return undefined;
      // A piece, then the connection is gone.
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(bytes.subarray(0, bytes.length / 2));
          await new Promise((resolve) => setTimeout(resolve, 20));
          controller.error(new Error("gone"));
        },
      });
      const headers = {
        etag: '"1"',
        "content-range": `bytes ${match[1]}-${match[2]}/${size}`,
      };
      return new Response(body, { status: 206, headers });
    };
    await serving(directory, trouble, async ({ url }) => {
      await assertReads(`${url}/a.parquet`);
      assert.ok(starts.some((start) => start > 0), "no transfer was resumed");
      starts = [];
    });
  }));

Deno.test("Servers that fail for good, redirect, change the file or give no ranges", () =>
  inDirectory(async (directory) => {
    writeFile(directory);
    const refused = async (
      trouble: Trouble,
      message: RegExp,
      kind = "data",
    ) =>
      await serving(directory, trouble, async ({ url, requests }) => {
        await assert.rejects(
          assertReads(`${url}/a.parquet?token=secret`),
          (error: DbksvdError) => {
            assert.equal(error.kind, kind);
            assert.match(error.message, message);
            assert.doesNotMatch(error.message, /secret/);
            return true;
          },
        );
        assert.ok(requests.length <= 20);
      });
    await refused(
      () => new Response("", { status: 404 }),
      /Server answers 404/,
    );
    await refused(
      () => new Response("", { status: 403 }),
      /answers 403.*DBKSVD_HTTP_HEADERS/,
      "run",
    );
    await refused(
      () => new Response("", { status: 500 }),
      /failed 20 times, the server answers 500/,
      "run",
    );
    await refused(
      (request) =>
        Response.redirect(new URL("/a.parquet?token=secret", request.url)),
      /redirects without end/,
    );
    await refused(
      (request, count) =>
        serveFile(`${directory}/a.parquet`, request.headers.get("range"), {
          etag: `"${count}"`,
        }),
      /changed while it was read/,
    );
    await serving(
      directory,
      () => serveFile(`${directory}/a.parquet`, null),
      ({ url }) => assertReads(`${url}/a.parquet`),
    );
    const elsewhere: Trouble = (request) => {
      const { pathname, origin } = new URL(request.url);
      return pathname === "/a.parquet"
        ? Response.redirect(
          `${origin.replace("127.0.0.1", "localhost")}/b/../a2.parquet`,
        )
        : serveFile(`${directory}/a.parquet`, request.headers.get("range"));
    };
    Deno.env.set(
      "DBKSVD_HTTP_HEADERS",
      "X-Key: hush\nAuthorization: Bearer hush",
    );
    try {
      await serving(directory, elsewhere, async ({ url, requests }) => {
        await assertReads(`${url}/a.parquet`);
        for (const { path, headers } of requests) {
          assert.equal(
            headers.get("x-key"),
            path === "/a.parquet" ? "hush" : null,
          );
          assert.equal(headers.has("authorization"), path === "/a.parquet");
        }
      });
    } finally {
      Deno.env.delete("DBKSVD_HTTP_HEADERS");
    }
  }));

Deno.test("Blocks of remote files are kept in a directory, up to a size", () =>
  inDirectory(async (directory) => {
    const served = `${directory}/served`;
    const cacheDir = `${directory}/cache`;
    Deno.mkdirSync(served);
    writeFile(served);
    // Blocks are 4 MiB: a file of three.
    await sql(
      `COPY (SELECT [random(), i]::FLOAT[2] AS v FROM range(1200000) t(i)) TO '${served}/b.parquet' (FORMAT parquet, COMPRESSION uncompressed)`,
    );
    const cached = () =>
      [...Deno.readDirSync(cacheDir)].reduce(
        (sum, { name }) => sum + Deno.statSync(`${cacheDir}/${name}`).size,
        0,
      );
    const size = Deno.statSync(`${served}/b.parquet`).size;
    const read = (url: string, cacheBytes: number) =>
      withRows(`${url}/b.parquet?${cacheBytes}`, {
        ...quick,
        cacheDir,
        cacheBytes,
      }, async (source) => {
        let rows = 0;
        for await (const batch of source.batches(100_000)) rows += batch.rows;
        assert.equal(rows, 1_200_000);
      });
    await serving(served, () => undefined, async ({ url, requests }) => {
      await read(url, 2 ** 30);
      const blocks = Math.ceil(size / 2 ** 22);
      assert.equal(cached(), size + 32 * blocks);
      assert.ok(requests.length <= 2 + Math.ceil(size / 2 ** 22));
      await read(url, 5 * 2 ** 20);
      assert.ok(cached() <= 5 * 2 ** 20, `${cached()} bytes are kept`);
    });
  }));

Deno.test("hf:// names files, directories and globs of a dataset; the token stays with the hub", () =>
  inDirectory(async (directory) => {
    const files = `${directory}/datasets/some/set/resolve/refs%2Fmain/data`;
    Deno.mkdirSync(files.replace("%2F", "/"), { recursive: true });
    writeFile(files.replace("%2F", "/"));
    const listing = ["README.md", "data/a.parquet", "data/info.json"].map((
      path,
    ) => ({ type: "file", path }));
    const trouble: Trouble = (request) => {
      if (request.headers.get("authorization") !== "Bearer token") {
        return new Response("", { status: 401 });
      }
      const { pathname } = new URL(request.url);
      return pathname.startsWith("/api/") ? Response.json(listing) : undefined;
    };
    await serving(directory, trouble, async ({ url }) => {
      Deno.env.set("HF_ENDPOINT", url);
      Deno.env.set("HF_TOKEN", "token");
      try {
        for (
          const path of [
            "data/a.parquet",
            "data",
            "data/*.parquet",
            "**/a*.parquet",
            "",
          ]
        ) {
          await assertReads(`hf://datasets/some/set@refs%2Fmain/${path}`);
        }
        // As records name them.
        const path = `${url}/datasets/some/set/resolve/refs%2Fmain/data`;
        await assertReads(`${path}/a.parquet`);
        await assert.rejects(
          openRows("hf://datasets/some/set/none/*.npy"),
          /No file of rows there/,
        );
        await assert.rejects(openRows("hf://models/some"), /Not a dataset/);
        Deno.env.set("HF_TOKEN", "wrong");
        await assert.rejects(
          openRows("hf://datasets/some/set/data", quick),
          /answers 401.*HF_TOKEN/,
        );
      } finally {
        Deno.env.delete("HF_ENDPOINT");
        Deno.env.delete("HF_TOKEN");
      }
    });
  }));
