import assert from "node:assert/strict";
import { Pace } from "../../src/explaining/pace.ts";

Deno.test("requests come at their pace", () => {
  const pace = new Pace(60);
  assert.deepEqual([pace.next(0), pace.next(0), pace.next(1500)], [
    0,
    1000,
    500,
  ]);
  assert.equal(pace.next(10_000), 0);
});
