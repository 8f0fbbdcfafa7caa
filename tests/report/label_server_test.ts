import assert from "node:assert/strict";
import { LabelServer } from "../../src/report/client/labels.ts";
import type { Dictionary } from "../../src/report/client/types.ts";

/** A page's names, and what its server holds by now. */
function opened(shown: Record<number, string>, held: Record<number, string>) {
  let names = shown;
  const sent: unknown[] = [];
  const dictionary = {
    label: (atom: number) => names[atom],
    setLabels: (labels: Record<number, string>) => names = labels,
  } as unknown as Dictionary;
  globalThis.fetch = (_, init) => {
    if (init?.method === "POST") {
      sent.push(JSON.parse(String(init.body)).labels);
    }
    const headers = { etag: '"1"' };
    return Promise.resolve(Response.json({ labels: held }, { headers }));
  };
  return { server: new LabelServer(dictionary, "token"), sent };
}

Deno.test("a page's first change replaces no name that it does not show", async () => {
  const { fetch } = globalThis;
  try {
    const stale = opened({ 3: "waves" }, { 3: "waves", 9: "ports" });
    const save = () => stale.server.send({ 9: "docks" }, "hand");
    assert.match(await save() ?? "", /changed elsewhere meanwhile/);
    assert.deepEqual(stale.sent, []);
    assert.equal(await save(), undefined);
    assert.deepEqual(stale.sent, [{ 9: "docks" }]);
    const fresh = opened({ 3: "waves" }, { 3: "waves", 9: "ports" });
    assert.equal(await fresh.server.send({ 3: "hills" }, "hand"), undefined);
    // Names out of a file replace none that a person gave.
    const file = opened({}, { 9: "ports" });
    assert.equal(await file.server.send({ 9: "x" }, "import"), undefined);
  } finally {
    globalThis.fetch = fetch;
  }
});
