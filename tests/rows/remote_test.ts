import assert from "node:assert/strict";
import type { DbksvdError } from "../../src/errors.ts";
import { inDirectory } from "../directories.ts";
import { withRows } from "./files.ts";
import { sql } from "./writers.ts";
import {
  assertReads,
  quick,
  serveFile,
  serving,
  type Trouble,
  writeFile,
} from "./served.ts";

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
