import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { answerLabels } from "../../src/report/serve_labels.ts";

const KEY = { origin: "http://127.0.0.1:8000", token: "the-page's-own" };

function storeOf(labels: Record<string, string> = { "3": "waves" }) {
  const changes: unknown[] = [];
  let version = 1;
  return {
    changes,
    read: () =>
      Promise.resolve({ labels: { ...labels }, version: `"${version}"` }),
    change(given: Record<string, string>, source: "hand" | "import") {
      if ("99" in given) throw new DbksvdError("usage", "There is no atom 99");
      changes.push({ given, source });
      Object.assign(labels, given);
      version++;
      return Promise.resolve();
    },
  };
}

function post(body: BodyInit, headers: Record<string, string> = {}) {
  return new Request(`${KEY.origin}/labels`, {
    method: "POST",
    headers: {
      origin: KEY.origin,
      "x-token": KEY.token,
      "content-type": "application/json",
      "if-match": '"1"',
      ...headers,
    },
    body,
  });
}

const CHANGE = JSON.stringify({ labels: { "5": "tides" } });

Deno.test("answerLabels() takes a change from the page itself, and tells the new names", async () => {
  const store = storeOf();
  const answer = await answerLabels(post(CHANGE), store, KEY);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("etag"), '"2"');
  assert.deepEqual(await answer.json(), {
    labels: { "3": "waves", "5": "tides" },
  });
  assert.deepEqual(store.changes, [{
    given: { "5": "tides" },
    source: "hand",
  }]);
});

Deno.test("answerLabels() refuses what does not come from the page, as JSON, small and of the names as they are", async () => {
  const big = JSON.stringify({ labels: { "5": "x".repeat(70_000) } });
  const refused: [number, Request][] = [
    [403, post(CHANGE, { origin: "http://127.0.0.1:9000" })],
    [403, post(CHANGE, { origin: "null" })],
    [403, post(CHANGE, { "x-token": "another" })],
    [403, post(CHANGE, { "x-token": "" })],
    [415, post(CHANGE, { "content-type": "text/plain" })],
    [409, post(CHANGE, { "if-match": '"0"' })],
    [413, post(big)],
    [400, post("{")],
    [400, post('{"labels": {"5": 7}}')],
    [400, post('{"labels": {"5": "x"}, "source": "model"}')],
    [400, post('{"labels": {"99": "x"}}')],
    [405, new Request(`${KEY.origin}/labels`, { method: "DELETE" })],
  ];
  for (const [status, request] of refused) {
    const store = storeOf();
    const answer = await answerLabels(request, store, KEY);
    assert.equal(answer.status, status);
    await answer.body?.cancel();
    assert.deepEqual(store.changes, []);
  }
  const without = post(CHANGE);
  without.headers.delete("if-match");
  assert.equal((await answerLabels(without, storeOf(), KEY)).status, 409);
});
