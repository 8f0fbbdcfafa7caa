import assert from "node:assert/strict";
import { fuzz } from "../../tasks/fuzz/run.ts";

Deno.test("every parser takes a damaged file or refuses it with a clear error", async () => {
  const results = await fuzz({ runs: 120, seed: 3 });
  assert(results.size >= 12);
  for (const [parser, counts] of results) {
    assert.deepEqual(counts.failures, [], parser);
    assert(counts.refused > 0 && counts.accepted > 0, parser);
    assert.equal(counts.accepted + counts.refused, 120, parser);
  }
});
