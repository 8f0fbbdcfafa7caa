import assert from "node:assert/strict";
import { connect } from "node:net";
import { DbksvdError } from "../../src/errors.ts";
import { serveBrowser } from "../../src/report/serve.ts";
import { fixtureBrowser } from "./browser_fixture.ts";

async function served(use: (url: string) => Promise<void>) {
  const stop = new AbortController();
  const { promise: listening, resolve } = Promise.withResolvers<string>();
  const done = serveBrowser(fixtureBrowser(), {
    port: 0,
    signal: stop.signal,
    onListen: resolve,
  });
  try {
    await use(await listening);
  } finally {
    stop.abort();
    await done;
  }
}

// fetch() sets the host itself; a socket can say anything.
function answerTo(url: string, head: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => answer += chunk);
  socket.on("end", () => resolve(answer));
  socket.on("error", reject);
  socket.write(`${head}\r\nConnection: close\r\n\r\n`);
  return promise;
}

Deno.test("serveBrowser() serves the page under a strict policy on the loopback address", async () => {
  await served(async (url) => {
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const response = await fetch(url);
    assert.equal(response.status, 200);
    const policy = response.headers.get("content-security-policy")!;
    assert.match(policy, /default-src 'none'; script-src 'sha256-[^ ]+';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.match(await response.text(), /^<!doctype html>/);
  });
});

Deno.test("serveBrowser() refuses hosts that are not this machine", async () => {
  await served(async (url) => {
    const { port } = new URL(url);
    for (
      const host of ["evil.example", `evil.example:${port}`, "127.0.0.1:1"]
    ) {
      const answer = await answerTo(url, `GET / HTTP/1.1\r\nHost: ${host}`);
      assert.match(answer, /^HTTP\/1\.1 403/, host);
      assert.doesNotMatch(answer, /doctype/);
    }
    const own = await answerTo(
      url,
      `GET / HTTP/1.1\r\nHost: localhost:${port}`,
    );
    assert.match(own, /^HTTP\/1\.1 200/);
  });
});

Deno.test("serveBrowser() answers nothing but GET and HEAD of its one page", async () => {
  await served(async (url) => {
    const statuses: [string, string, number][] = [
      ["", "POST", 405],
      ["other", "GET", 404],
      ["favicon.ico", "GET", 204],
      ["", "HEAD", 200],
    ];
    for (const [path, method, status] of statuses) {
      const response = await fetch(url + path, { method });
      await response.body?.cancel();
      assert.equal(response.status, status, `${method} /${path}`);
    }
  });
});

Deno.test("serveBrowser() says what to do where the port is taken", async () => {
  await served(async (url) => {
    const port = Number(new URL(url).port);
    await assert.rejects(
      serveBrowser(fixtureBrowser(), { port }),
      (error: unknown) =>
        error instanceof DbksvdError && error.kind === "run" &&
        /another port/.test(error.message),
    );
  });
});
