import assert from "node:assert/strict";
import type { RetryLimits } from "../../src/net/request.ts";
import { openRemote } from "../../src/net/open.ts";
import { TRANSFERS } from "../../src/net/pacing.ts";
import { remotePlace } from "../../src/net/place.ts";
import { Transfer } from "../../src/net/transfer.ts";
import { Unreachable } from "../../src/net/unreachable.ts";
import { DbksvdError } from "../../src/errors.ts";
import {
  broken,
  dripping,
  endless,
  type Fault,
  FaultServer,
  isLarge,
  silence,
  status,
} from "./fault_server.ts";

const SIZE = 40_000;
const bytes = Uint8Array.from({ length: SIZE }, (_, i) => (i * 31) % 251);
const quick: Partial<RetryLimits> = { attempts: 4, wait: () => 1 };

/** Reads the file through a server with a fault. */
async function read(
  fault: Fault,
  retry: Partial<RetryLimits> = {},
  options: { headers?: Record<string, string>; notices?: string[] } = {},
): Promise<{ bytes: Uint8Array; seen: FaultServer["seen"] }> {
  await using server = new FaultServer();
  server.files.set("/a.bin", bytes);
  server.headers = options.headers ?? server.headers;
  server.fault = fault;
  // A query of its own: blocks are held by their address.
  const query = `?secret=${crypto.randomUUID()}`;
  const file = await openRemote(remotePlace(`${server.url}/a.bin${query}`), {
    retry: { ...quick, ...retry },
    onNotice: (notice) => options.notices?.push(notice),
  }, 1 << 20);
  assert.equal(file.size, SIZE);
  return { bytes: await file.read(0, SIZE), seen: server.seen };
}

async function assertReads(
  fault: Fault,
  retry?: Partial<RetryLimits>,
): Promise<FaultServer["seen"]> {
  const done = await read(fault, retry);
  assert.deepEqual(done.bytes, bytes);
  return done.seen;
}

async function assertFails(
  kind: "run" | "data",
  message: RegExp,
  fault: Fault,
  retry?: Partial<RetryLimits>,
) {
  await assert.rejects(read(fault, retry), (error: DbksvdError) => {
    assert(error instanceof DbksvdError);
    assert.equal(error.kind, kind, error.message);
    assert.equal(error instanceof Unreachable, kind === "run");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
}

Deno.test("waiting for other transfers is no outage of the server's", async () => {
  await using server = new FaultServer();
  server.files.set("/a.bin", bytes);
  server.fault = (_, count) => count === 1 ? status(503) : undefined;
  const now = performance.now;
  let passed = 0;
  performance.now = () => now.call(performance) + passed;
  const { promise: others, resolve: end } = Promise.withResolvers<void>();
  const all = Array.from({ length: 8 }, () => TRANSFERS.take(() => others));
  try {
    const transfer = new Transfer(remotePlace(`${server.url}/a.bin`), {
      retry: { ...quick, outageMs: 60_000 },
    });
    const info = transfer.info();
    passed = 600_000;
    end();
    assert.equal((await info).size, SIZE);
  } finally {
    end();
    performance.now = now;
    await Promise.all(all);
  }
});

Deno.test("a transfer is limited by progress, not by its time in all", async () => {
  // Eighty pieces over several spans of 300 ms, each span with enough.
  const slow: Fault = (request, _, sound) =>
    isLarge(request) ? dripping(sound(), 500, 12) : undefined;
  const seen = await assertReads(slow, { spanMs: 300, outageMs: 300 });
  assert.equal(seen.length, 2, "the transfer was begun again");
  const bare: Fault = (request) => {
    const whole = new Response(bytes, {
      headers: { "content-length": `${SIZE}` },
    });
    return request.headers.has("range") ? whole : dripping(whole, 500, 10);
  };
  await assertReads(bare, { spanMs: 300, outageMs: 300 });
});

Deno.test("a request that waits for its turn behind slow ones is not given up for it", async () => {
  const slow: Fault = (request, _, sound) =>
    isLarge(request) ? dripping(sound(), 2000, 50) : undefined;
  const limits = { spanMs: 500, attempts: 1 };
  // Eight go at once: the last one begins after more than a span.
  const reads = Array.from({ length: 9 }, () => read(slow, limits));
  for (const done of await Promise.all(reads)) {
    assert.deepEqual(done.bytes, bytes);
  }
});

Deno.test("a server that gives next to nothing is given up, and may be asked later", async () => {
  const limits = { spanMs: 40, outageMs: 150 };
  await assertFails("run", /nothing for 0\.04 s/, () => silence(), limits);
  const stalls: Fault = (request, _, sound) =>
    isLarge(request) ? dripping(sound(), 1, 20) : undefined;
  await assertFails("run", /Asking failed/, stalls, limits);
});

Deno.test("what a broken transfer brought is kept; one that gets on is never given up", async () => {
  const breaks: Fault = (request, _, sound) => {
    if (!isLarge(request)) return undefined;
    const [from, to] = request.headers.get("range")!.match(/\d+/g)!.map(Number);
    return to - from < 8000 ? undefined : broken(sound(), 0.15);
  };
  const seen = await assertReads(breaks);
  const starts = seen.slice(1).map(({ range }) => Number(/\d+/.exec(range!)));
  assert(starts.length > quick.attempts!, "it was not tried often enough");
  assert(starts.every((start, i) => i === 0 || start > starts[i - 1]));
});

Deno.test("servers that are busy are waited for as long as they ask, within the limit", async () => {
  const waits: number[] = [];
  let last = 0;
  const busy = (header: () => string): Fault => (_, count) => {
    const now = performance.now();
    if (count > 1) waits.push(now - last);
    last = now;
    return count === 1 ? status(429, { "retry-after": header() }) : undefined;
  };
  await assertReads(busy(() => "1"));
  assert(waits[0] >= 990, `waited ${waits} ms`);
  const inTwoSeconds = () => new Date(Date.now() + 2000).toUTCString();
  waits.length = 0;
  await assertReads(busy(inTwoSeconds));
  assert(waits[0] >= 900, `waited ${waits} ms`);
  await assertFails(
    "run",
    /answers 503; it asks to come back in 120 min/,
    () => status(503, { "retry-after": "7200" }),
  );
  await assertFails(
    "run",
    /failed 4 times, the server answers 500/,
    () => status(500),
  );
});

Deno.test("what is refused, what is not there, and what is not a web server are kept apart", async () => {
  await assertFails("data", /answers 404/, () => status(404));
  await assertFails(
    "run",
    /answers 401.*DBKSVD_HTTP_HEADERS/,
    () => status(401),
  );
  await assertFails("run", /answers 403/, () => status(403));
  await assertFails(
    "data",
    /redirects elsewhere/,
    () => status(302, { location: "file:///etc/passwd" }),
  );
  await assertFails(
    "data",
    /without end/,
    (request) => status(302, { location: request.url }),
  );
  await assert.rejects(
    openRemote(remotePlace("http://127.0.0.1:1/a"), {
      retry: { ...quick, connectMs: 50 },
    }, 1),
    Unreachable,
  );
});

Deno.test("a file that changes is noticed in every answer; one without a version is warned of", async () => {
  let size = SIZE;
  const grows: Fault = (request) =>
    isLarge(request)
      ? new Response(bytes, {
        status: 206,
        headers: { "content-range": `bytes 0-${SIZE - 1}/${++size}` },
      })
      : undefined;
  await assert.rejects(read(grows, {}, { headers: {} }), /changed while/);
  await assertFails(
    "data",
    /changed while/,
    (request, count) =>
      isLarge(request)
        ? new Response(bytes, {
          status: 206,
          headers: {
            etag: `"${count}"`,
            "content-range": `bytes 0-${SIZE - 1}/${SIZE}`,
          },
        })
        : undefined,
  );
  await assertFails(
    "data",
    /range asked for/,
    (request) =>
      isLarge(request)
        ? new Response(bytes.subarray(16), {
          status: 206,
          headers: {
            etag: '"1"',
            "content-range": `bytes 16-${SIZE - 1}/${SIZE}`,
          },
        })
        : undefined,
  );
  const notices: string[] = [];
  await read(() => undefined, {}, { headers: {}, notices });
  assert.match(notices[0], /gives no version/);
});

Deno.test("bodies without end and files without a length are bounded", async () => {
  await assertFails(
    "data",
    /more than it was asked/,
    (request) =>
      isLarge(request)
        ? endless(
          new Response("", {
            status: 206,
            headers: {
              etag: '"1"',
              "content-range": `bytes 0-${SIZE - 1}/${SIZE}`,
            },
          }),
        )
        : undefined,
  );
  const chunked = () => endless(new Response(""));
  await assertFails("data", /more than 1048576 bytes/, chunked);
  await assertReads(() => dripping(new Response(bytes), 5000, 0));
});
